// Numbers in header fields: octal text, or base-256 where the first bit is set. Source: GNU tar manual "Basic Tar Format", libarchive tar(5).
import { FormatError } from '../core/index.js'

const SPACE = 0x20
const ZERO = 0x30
const SEVEN = 0x37

/** The number in `length` bytes from `start`; an empty field is 0. @throws FormatError for what is no number or does not fit 53 bits */
export function readNumber(bytes: Uint8Array, [start, length]: readonly [number, number], name: string, offset: number): number {
  if (bytes[start]! & 0x80) {
    const value = readBase256(bytes.subarray(start, start + length))
    if (value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= BigInt(Number.MIN_SAFE_INTEGER)) return Number(value)
    throw new FormatError(`${name} is out of range: ${value}`, { offset })
  }
  const end = start + length
  let at = start
  // Tars differ in what stands before and after the digits: spaces, NULs or nothing.
  while (at < end && isBlank(bytes[at]!)) at++
  let value = 0
  for (; at < end && bytes[at]! >= ZERO && bytes[at]! <= SEVEN; at++) value = value * 8 + bytes[at]! - ZERO
  while (at < end && isBlank(bytes[at]!)) at++
  if (at < end) throw new FormatError(`${name} is not an octal number`, { offset })
  return value
}

const isBlank = (byte: number): boolean => byte === SPACE || byte === 0

// Two's complement, big-endian; the first bit marks the form and the second is the sign.
function readBase256(field: Uint8Array): bigint {
  const isNegative = (field[0]! & 0x40) !== 0
  let value = BigInt(isNegative ? field[0]! - 0x100 : field[0]! & 0x3f)
  for (const byte of field.subarray(1)) value = value * 256n + BigInt(byte)
  return value
}

/** Whether a number can be written in octal in a field of `length` bytes. */
export const fitsOctal = (value: number | bigint, length: number): boolean => value >= 0 && value < 8 ** (length - 1)

/** Octal digits in all but the last of the `length` bytes from `start`; that one stays NUL. The value fits. */
export function writeOctal(out: Uint8Array, start: number, length: number, value: number): void {
  for (let at = start + length - 2, left = value; at >= start; at--) {
    out[at] = ZERO + (left % 8)
    left = Math.floor(left / 8)
  }
}
