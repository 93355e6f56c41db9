// Key security (regf specification, "Key security"): 0 'sk' · 2 reserved · 4 next · 8 previous · 12 reference count · 16 descriptor size · 20 descriptor
import { FormatError } from '../../core/index.js'
import type { View } from '../view.js'
import { signature } from './cell.js'

const SK = signature('sk')
const DESCRIPTOR_AT = 20

/** The self-relative security descriptor of the record, a copy. @throws FormatError where the cell holds none */
export function parseKeySecurity(cell: View): Uint8Array {
  if (cell.u16(0) !== SK) throw new FormatError('not a key security item', { offset: cell.origin })
  return cell.bytes(DESCRIPTOR_AT, cell.u32(16)).slice()
}

/** Length of the record for this descriptor. */
export const keySecuritySize = (descriptor: Uint8Array): number => DESCRIPTOR_AT + descriptor.length

/** The record's bytes, as a link of the ring of all security items. */
export function encodeKeySecurity(item: { next: number; previous: number; references: number; descriptor: Uint8Array }): Uint8Array {
  const out = new Uint8Array(keySecuritySize(item.descriptor))
  const numbers = new DataView(out.buffer)
  numbers.setUint16(0, SK, true)
  numbers.setUint32(4, item.next, true)
  numbers.setUint32(8, item.previous, true)
  numbers.setUint32(12, item.references, true)
  numbers.setUint32(16, item.descriptor.length, true)
  out.set(item.descriptor, DESCRIPTOR_AT)
  return out
}
