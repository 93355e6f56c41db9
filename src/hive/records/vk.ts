// Key value (regf specification, "Key value"): 0 'vk' · 2 name length · 4 data size, top bit: data is in the next field · 8 data offset
// 12 type · 16 flags · 18 spare · 20 name
import { FormatError } from '../../core/index.js'
import { decodeLatin1, decodeUtf16, isCompressible, nameSize, writeName } from '../text.js'
import type { View } from '../view.js'
import { NIL, signature } from './cell.js'

/** Bits of `flags`. */
export const VALUE_FLAG = { compressedName: 0x1, tombstone: 0x2 } as const
/** Longest data that stands in the record itself. */
export const INLINE_MAX = 4

const VK = signature('vk')
const INLINE = 0x80000000
const NAME_AT = 20

/** A value's record. */
export interface KeyValue {
  readonly name: string
  readonly type: number
  readonly flags: number
  /** Length of the data, in bytes. */
  readonly size: number
  /** Offset of the data's cell, or the data itself. */
  readonly data: number | Uint8Array
}

/** @throws FormatError where the cell holds no key value */
export function parseKeyValue(cell: View): KeyValue {
  if (cell.u16(0) !== VK) throw new FormatError('not a key value', { offset: cell.origin })
  const flags = cell.u16(16)
  const nameBytes = cell.bytes(NAME_AT, cell.u16(2))
  const name = (flags & VALUE_FLAG.compressedName) !== 0 ? decodeLatin1(nameBytes) : decodeUtf16(nameBytes)
  const sizeField = cell.u32(4)
  const size = sizeField & ~INLINE
  const isInline = (sizeField & INLINE) !== 0
  if (isInline && size > INLINE_MAX) throw new FormatError(`${size} bytes of data cannot stand in the record`, { offset: cell.origin + 4 })
  return { name, type: cell.u32(12), flags, size, data: isInline ? cell.bytes(8, size) : cell.u32(8) }
}

/** The record's bytes. `data`: where the cell is, or up to four bytes that go into the record. */
export function encodeKeyValue(value: KeyValue): Uint8Array {
  const nameLength = nameSize(value.name)
  const out = new Uint8Array(NAME_AT + nameLength)
  const numbers = new DataView(out.buffer)
  const isTombstone = (value.flags & VALUE_FLAG.tombstone) !== 0
  numbers.setUint16(0, VK, true)
  numbers.setUint16(2, nameLength, true)
  if (isTombstone) numbers.setUint32(8, NIL, true)
  else if (typeof value.data === 'number') {
    numbers.setUint32(4, value.size, true)
    numbers.setUint32(8, value.data, true)
  } else {
    numbers.setUint32(4, (value.size | INLINE) >>> 0, true)
    out.set(value.data, 8)
  }
  numbers.setUint32(12, value.type, true)
  numbers.setUint16(16, (value.flags & ~VALUE_FLAG.compressedName) | (isCompressible(value.name) ? VALUE_FLAG.compressedName : 0), true)
  writeName(value.name, out, NAME_AT)
  return out
}
