// GUIDs, binary and as text. Source: MS-DTYP 2.3.4.
import { FormatError } from '../../core/index.js'

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0')

/** 8-4-4-4-12 lower-case digits of the 16 bytes at `at`; the first three groups are little-endian numbers. */
export function decodeGuid(view: DataView, at: number): string {
  const tail = Array.from({ length: 8 }, (_, k) => hex(view.getUint8(at + 8 + k), 2)).join('')
  const groups = [hex(view.getUint32(at, true), 8), hex(view.getUint16(at + 4, true), 4), hex(view.getUint16(at + 6, true), 4)]
  return [...groups, tail.slice(0, 4), tail.slice(4)].join('-')
}

/** The 16 bytes of a GUID. @throws FormatError */
export function encodeGuid(text: string): Uint8Array {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text))
    throw new FormatError(`SDDL: not a GUID: ${JSON.stringify(text.slice(0, 100))}`)
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  const [a = '', b = '', c = '', d = '', e = ''] = text.split('-')
  view.setUint32(0, Number.parseInt(a, 16), true)
  view.setUint16(4, Number.parseInt(b, 16), true)
  view.setUint16(6, Number.parseInt(c, 16), true)
  bytes.set(
    (d + e).match(/../g)!.map((pair) => Number.parseInt(pair, 16)),
    8,
  )
  return bytes
}
