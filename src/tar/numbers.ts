// Numbers in header fields: octal text, or base-256 where the first bit is set. Source: GNU tar manual "Basic Tar Format", libarchive tar(5).
import { FormatError, utf8 } from '../core/index.js'

/** A field's number; an empty one is 0. @throws FormatError for what is no number or does not fit 53 bits */
export function readNumber(field: Uint8Array, name: string, offset: number): number {
  const value = readBigNumber(field, name, offset)
  if (value > BigInt(Number.MAX_SAFE_INTEGER) || value < BigInt(Number.MIN_SAFE_INTEGER)) {
    throw new FormatError(`${name} is out of range: ${value}`, { offset })
  }
  return Number(value)
}

function readBigNumber(field: Uint8Array, name: string, offset: number): bigint {
  if (field[0]! & 0x80) return readBase256(field)
  let text = ''
  for (const byte of field) text += String.fromCharCode(byte)
  // Leading spaces and a trailing run of spaces and NULs: all tars write some of these.
  const digits = /^ *([0-7]*)[ \0]*$/.exec(text)?.[1] ?? /^\0+([0-7]*)[ \0]*$/.exec(text)?.[1]
  if (digits === undefined) throw new FormatError(`${name} is not an octal number`, { offset })
  return digits === '' ? 0n : BigInt(`0o${digits}`)
}

// Two's complement, big-endian; the first bit marks the form and the second is the sign.
function readBase256(field: Uint8Array): bigint {
  const isNegative = (field[0]! & 0x40) !== 0
  let value = BigInt(isNegative ? field[0]! - 0x100 : field[0]! & 0x3f)
  for (const byte of field.subarray(1)) value = value * 256n + BigInt(byte)
  return value
}

/** Whether a number can be written in octal in a field of `length` bytes. */
export const fitsOctal = (value: number | bigint, length: number): boolean => value >= 0 && value < 8 ** (length - 1)

/** Octal digits to the end but one of the field, then NUL. */
export function writeOctal(field: Uint8Array, value: number | bigint): void {
  field.set(utf8(value.toString(8).padStart(field.length - 1, '0')))
}
