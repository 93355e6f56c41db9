// One header block as fields, before extended headers have their say.
import { decodePath, FormatError } from '../core/index.js'
import { checksum, field, textField } from './block.js'
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
  const sum = readNumber(field(block, 'checksum'), 'checksum', offset)
  if (sum !== checksum(block) && sum !== checksum(block, true))
    throw new FormatError('wrong header checksum: this is no tar header', { offset })
  const isUstar = startsWith(field(block, 'magic'), USTAR)
  const hasDevices = isUstar || startsWith(field(block, 'magic'), GNU)
  const number = (name: Parameters<typeof field>[1]) => readNumber(field(block, name), name, offset)
  const natural = (name: Parameters<typeof field>[1]) => {
    const value = number(name)
    if (value < 0) throw new FormatError(`${name} is negative: ${value}`, { offset })
    return value
  }
  const prefix = isUstar ? text(block, startsWith(field(block, 'starMagic'), STAR) ? 'starPrefix' : 'prefix') : ''
  const name = text(block, 'name')
  return {
    typeflag: String.fromCharCode(field(block, 'typeflag')[0]!),
    name: prefix === '' ? name : `${prefix}/${name}`,
    linkName: text(block, 'linkname'),
    mode: natural('mode') & 0o7777,
    uid: natural('uid'),
    gid: natural('gid'),
    size: natural('size'),
    mtimeNs: BigInt(number('mtime')) * 1_000_000_000n,
    devMajor: hasDevices ? natural('devmajor') : 0,
    devMinor: hasDevices ? natural('devminor') : 0,
  }
}

function text(block: Uint8Array, name: Parameters<typeof field>[1]): string {
  const bytes = textField(block, name)
  return bytes.length === 0 ? '' : decodePath(bytes)
}

const startsWith = (bytes: Uint8Array, text: string): boolean => {
  for (let at = 0; at < text.length; at++) if (bytes[at] !== text.charCodeAt(at)) return false
  return true
}
