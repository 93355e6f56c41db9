// One header block as fields, before extended headers have their say.
import { decodePath, FormatError } from '../core/index.js'
import { checksum, FIELD } from './block.js'
import { readNumber } from './numbers.js'

/** The plain fields of a header block. */
export interface PlainHeader {
  readonly typeflag: string
  readonly name: string
  readonly linkName: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly mtimeNs: bigint
  readonly devMajor: number
  readonly devMinor: number
}

const USTAR = 'ustar\0'
const GNU = 'ustar  \0'
const STAR = 'tar\0'

/** @throws FormatError for a wrong checksum, a field that is no number, a negative size or id */
export function parseHeader(block: Uint8Array, offset: number): PlainHeader {
  const sum = readNumber(block, FIELD.checksum, 'checksum', offset)
  if (sum !== checksum(block) && sum !== checksum(block, true))
    throw new FormatError('wrong header checksum: this is no tar header', { offset })
  const isUstar = hasText(block, FIELD.magic, USTAR)
  const hasDevices = isUstar || hasText(block, FIELD.magic, GNU)
  const prefix = isUstar ? text(block, hasText(block, FIELD.starMagic, STAR) ? FIELD.starPrefix : FIELD.prefix) : ''
  const name = text(block, FIELD.name)
  return {
    typeflag: String.fromCharCode(block[FIELD.typeflag[0]]!),
    name: prefix === '' ? name : `${prefix}/${name}`,
    linkName: text(block, FIELD.linkname),
    mode: natural(block, 'mode', offset) & 0o7777,
    uid: natural(block, 'uid', offset),
    gid: natural(block, 'gid', offset),
    size: natural(block, 'size', offset),
    mtimeNs: BigInt(readNumber(block, FIELD.mtime, 'mtime', offset)) * 1_000_000_000n,
    devMajor: hasDevices ? natural(block, 'devmajor', offset) : 0,
    devMinor: hasDevices ? natural(block, 'devminor', offset) : 0,
  }
}

function natural(block: Uint8Array, name: keyof typeof FIELD, offset: number): number {
  const value = readNumber(block, FIELD[name], name, offset)
  if (value < 0) throw new FormatError(`${name} is negative: ${value}`, { offset })
  return value
}

/** Text up to the first NUL. */
function text(block: Uint8Array, [start, length]: readonly [number, number]): string {
  let end = start
  while (end < start + length && block[end] !== 0) end++
  return end === start ? '' : decodePath(block.subarray(start, end))
}

function hasText(block: Uint8Array, [start]: readonly [number, number], text: string): boolean {
  for (let at = 0; at < text.length; at++) if (block[start + at] !== text.charCodeAt(at)) return false
  return true
}
