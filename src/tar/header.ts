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
  const magic = latin1(field(block, 'magic'))
  const isUstar = magic.startsWith(USTAR)
  const hasDevices = isUstar || magic === GNU
  const number = (name: Parameters<typeof field>[1]) => readNumber(field(block, name), name, offset)
  const natural = (name: Parameters<typeof field>[1]) => {
    const value = number(name)
    if (value < 0) throw new FormatError(`${name} is negative: ${value}`, { offset })
    return value
  }
  const prefix = isUstar ? textField(block, latin1(field(block, 'starMagic')) === STAR ? 'starPrefix' : 'prefix') : new Uint8Array(0)
  const name = decodePath(textField(block, 'name'))
  return {
    typeflag: latin1(field(block, 'typeflag')),
    name: prefix.length === 0 ? name : `${decodePath(prefix)}/${name}`,
    linkName: decodePath(textField(block, 'linkname')),
    mode: natural('mode') & 0o7777,
    uid: natural('uid'),
    gid: natural('gid'),
    size: natural('size'),
    mtimeNs: BigInt(number('mtime')) * 1_000_000_000n,
    devMajor: hasDevices ? natural('devmajor') : 0,
    devMinor: hasDevices ? natural('devminor') : 0,
  }
}

const latin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes)
