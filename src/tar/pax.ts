// PAX extended header records: `LENGTH KEY=VALUE\n`. Source: POSIX pax "pax Extended Header".
import { concat, decodePath, FormatError, utf8 } from '../core/index.js'

/** Most bytes of one extended header or GNU long name; Go's archive/tar has the same. */
export const EXTENDED_MAX_BYTES = 2 ** 20

const EQUALS = 0x3d
const NEWLINE = 0x0a
const SPACE = 0x20
const END = Uint8Array.of(NEWLINE)

/** Key and value of each record in order. @throws FormatError for any byte that is not part of a well-formed record */
export function parsePax(bytes: Uint8Array, offset: number): readonly (readonly [string, Uint8Array])[] {
  const records: [string, Uint8Array][] = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + recordLength(bytes, at, offset)
    const start = bytes.indexOf(SPACE, at) + 1
    const equals = bytes.indexOf(EQUALS, start)
    if (end > bytes.length || bytes[end - 1] !== NEWLINE || equals < 0 || equals >= end || equals === start) throw bad(offset + at)
    const key = decodePath(bytes.subarray(start, equals))
    if (key.includes('\0')) throw bad(offset + at)
    records.push([key, bytes.subarray(equals + 1, end - 1)])
    at = end
  }
  return records
}

function recordLength(bytes: Uint8Array, at: number, offset: number): number {
  let length = 0
  for (let i = at; i < at + 8; i++) {
    const byte = bytes[i]
    if (byte === SPACE && i > at && length > i - at) return length
    if (byte === undefined || byte < 0x30 || byte > 0x39) break
    length = length * 10 + byte - 0x30
  }
  throw bad(offset + at)
}

const bad = (offset: number) => new FormatError('malformed PAX record', { offset })

/** The bytes of records, in the order given. A record's length counts its own digits. */
export function formatPax(records: Iterable<readonly [string, Uint8Array]>): Uint8Array {
  const parts: Uint8Array[] = []
  for (const [key, value] of records) {
    const rest = utf8Length(key) + value.length + 3
    let length = rest + `${rest}`.length
    if (`${length}`.length > `${rest}`.length) length = rest + `${length}`.length
    parts.push(utf8(`${length} ${key}=`), value, END)
  }
  return concat(parts)
}

const utf8Length = (text: string): number => (/^[\x20-\x7e]*$/.test(text) ? text.length : utf8(text).length)

/** Text of a record that must not hold NUL, bytes kept losslessly. @throws FormatError */
export function paxText(value: Uint8Array, key: string, offset: number): string {
  if (value.includes(0)) throw new FormatError(`PAX ${key} holds NUL`, { offset })
  return decodePath(value)
}

/** A whole number, at most 2^53 - 1. @throws FormatError for any other text */
export function paxInteger(value: Uint8Array, key: string, offset: number): number {
  const text = decodePath(value)
  const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(number)) throw new FormatError(`PAX ${key} is no size or id: ${JSON.stringify(text.slice(0, 40))}`, { offset })
  return number
}

/** Seconds with an optional fraction, as nanoseconds; digits past the ninth are dropped. @throws FormatError for any other text */
export function paxTimeNs(value: Uint8Array, key: string, offset: number): bigint {
  const text = decodePath(value)
  const [, sign, seconds, fraction = ''] = /^(-?)(\d{1,18})(?:\.(\d*))?$/.exec(text) ?? []
  if (seconds === undefined) throw new FormatError(`PAX ${key} is no time: ${JSON.stringify(text.slice(0, 40))}`, { offset })
  const ns = BigInt(seconds) * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'))
  return sign === '-' ? -ns : ns
}

/** Nanoseconds as seconds, with nine digits after the point where there is a fraction. */
export function formatPaxTime(ns: bigint): string {
  const size = ns < 0n ? -ns : ns
  const fraction = size % 1_000_000_000n
  const text = `${ns < 0n ? '-' : ''}${size / 1_000_000_000n}`
  return fraction === 0n ? text : `${text}.${fraction.toString().padStart(9, '0')}`
}
