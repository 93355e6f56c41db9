// Equality of what is stored.
import { copyData, dataSize, type StoredValue } from './stored.js'

/** Same bytes, or both undefined. */
export function isSameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === b) return true
  return a !== undefined && b !== undefined && a.length === b.length && a.every((byte, i) => byte === b[i])
}

/** Same type, flags and data; names are not looked at. */
export function isSameValue(a: StoredValue, b: StoredValue): boolean {
  if (a === b) return true
  return (
    a.type === b.type && a.flags === b.flags && dataSize(a.data) === dataSize(b.data) && isSameBytes(copyData(a.data), copyData(b.data))
  )
}
