// Big data (regf specification, "Big data"): 0 'db' · 2 number of segments · 4 offset of the list of segments. From version 1.4, for data past 16,344 bytes.
import { FormatError } from '../../core/index.js'
import type { View } from '../view.js'
import { signature } from './cell.js'

/** Length of every segment but the last. */
export const SEGMENT_SIZE = 16_344
const DB = signature('db')

/** @throws FormatError where the cell holds no big data record */
export function parseBigData(cell: View): { readonly count: number; readonly list: number } {
  if (cell.u16(0) !== DB) throw new FormatError('not a big data record', { offset: cell.origin })
  return { count: cell.u16(2), list: cell.u32(4) }
}

/** The record's bytes. */
export function encodeBigData(count: number, list: number): Uint8Array {
  const out = new Uint8Array(8)
  const numbers = new DataView(out.buffer)
  numbers.setUint16(0, DB, true)
  numbers.setUint16(2, count, true)
  numbers.setUint32(4, list, true)
  return out
}
