// Writing tar: ustar headers, and PAX records for what does not fit them. Source: POSIX pax. Equal members give equal bytes.
import { comparePaths, encodePath, StrataError, UnsupportedError, utf8 } from '../core/index.js'
import { BLOCK_BYTES, checksum, FIELD, field, paddingAfter } from './block.js'
import { isForeignRecord } from './extended.js'
import { fitsOctal, writeOctal } from './numbers.js'
import { formatPax, formatPaxTime } from './pax.js'
import type { TarHeader, TarType } from './types.js'

/** A member to write. `content` must give exactly `size` bytes; undefined: none. */
export interface TarMember extends TarHeader {
  content?(): AsyncIterable<Uint8Array>
}

const TYPEFLAG: Readonly<Record<TarType, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  char: '3',
  block: '4',
  directory: '5',
  fifo: '6',
}
const NS = 1_000_000_000n

/** A tar of these members, in this order, with two zero blocks at the end.
 *  @throws UnsupportedError for what no tar can say @throws StrataError `ERR_SIZE_CHANGED` when content has another length than `size` */
export async function* writeTar(members: AsyncIterable<TarMember> | Iterable<TarMember>): AsyncGenerator<Uint8Array> {
  for await (const member of members) {
    yield encodeHeader(member)
    if (member.size === 0) continue
    yield* exactly(member)
    if (paddingAfter(member.size) > 0) yield new Uint8Array(paddingAfter(member.size))
  }
  yield new Uint8Array(2 * BLOCK_BYTES)
}

async function* exactly(member: TarMember): AsyncGenerator<Uint8Array> {
  let left = member.size
  const content = member.content?.()
  if (content !== undefined) {
    for await (const chunk of content) {
      left -= chunk.length
      if (left < 0) throw sizeChanged(member, 'more')
      if (chunk.length > 0) yield chunk
    }
  }
  if (left > 0) throw sizeChanged(member, `${member.size - left}`)
}

const sizeChanged = (member: TarMember, actual: string) =>
  new StrataError(`${member.name}: content has ${actual} bytes, not ${member.size}`, {
    code: 'ERR_SIZE_CHANGED',
    remedy: 'leave the file alone while it is read',
  })

/** The header blocks of a member: an extended header where one is needed, then its own. */
export function encodeHeader(member: TarHeader): Uint8Array {
  const name = encodePath(member.name)
  const linkName = encodePath(member.linkName)
  const records = paxRecords(member, name, linkName)
  if (records.length === 0) return ustarBlock(member, name, linkName)
  const body = formatPax(records)
  const out = new Uint8Array(BLOCK_BYTES + body.length + paddingAfter(body.length) + BLOCK_BYTES)
  out.set(ustarBlock(extendedHeader(body.length), utf8('PaxHeaders.0/x'), new Uint8Array(0), 'x'))
  out.set(body, BLOCK_BYTES)
  out.set(ustarBlock(member, name, linkName), out.length - BLOCK_BYTES)
  return out
}

const extendedHeader = (size: number): TarHeader => ({
  type: 'file',
  name: '',
  linkName: '',
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtimeNs: 0n,
  size,
  devMajor: 0,
  devMinor: 0,
  xattrs: {},
})

function paxRecords(member: TarHeader, name: Uint8Array, linkName: Uint8Array): (readonly [string, Uint8Array])[] {
  const records: [string, Uint8Array][] = []
  if (!isAscii(name) || splitName(name) === undefined) records.push(['path', name])
  if (!isAscii(linkName) || linkName.length > FIELD.linkname[1]) records.push(['linkpath', linkName])
  if (!fitsOctal(member.size, FIELD.size[1])) records.push(['size', utf8(`${member.size}`)])
  if (!fitsOctal(member.uid, FIELD.uid[1])) records.push(['uid', utf8(`${member.uid}`)])
  if (!fitsOctal(member.gid, FIELD.gid[1])) records.push(['gid', utf8(`${member.gid}`)])
  if (member.mtimeNs % NS !== 0n || !fitsOctal(member.mtimeNs / NS, FIELD.mtime[1]) || member.mtimeNs < 0n) {
    records.push(['mtime', utf8(formatPaxTime(member.mtimeNs))])
  }
  for (const [key, value] of Object.entries(member.xattrs)) {
    // Readers cut the record at the first '=': the name would lose its end to the value.
    if (key.includes('=') || key === '' || key.includes('\0')) {
      throw new UnsupportedError(`${member.name}: a tar cannot hold the extended attribute ${JSON.stringify(key)}`, {
        remedy: "remove the attribute: its name must not be empty or hold '='",
      })
    }
    records.push([`SCHILY.xattr.${key}`, value])
  }
  for (const [key, value] of Object.entries(member.records ?? {})) {
    if (!isForeignRecord(key) || /[=\0]/.test(key))
      throw new TypeError(`${member.name}: not a PAX record of Windows: ${JSON.stringify(key)}`)
    records.push([key, value])
  }
  return records.sort(([a], [b]) => comparePaths(a, b))
}

/** Name and prefix fields for a name; undefined where it fits neither. */
function splitName(name: Uint8Array): { readonly name: Uint8Array; readonly prefix: Uint8Array } | undefined {
  const [, most] = FIELD.name
  if (name.length <= most) return { name, prefix: new Uint8Array(0) }
  // The last slash that leaves a prefix of at most 155 bytes, and does not leave an empty name.
  const slash = name.subarray(0, Math.min(FIELD.prefix[1] + 1, name.length - 1)).lastIndexOf(0x2f)
  if (slash <= 0 || name.length - slash - 1 > most) return undefined
  return { name: name.subarray(slash + 1), prefix: name.subarray(0, slash) }
}

function ustarBlock(member: TarHeader, name: Uint8Array, linkName: Uint8Array, typeflag = TYPEFLAG[member.type]): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES)
  const split = isAscii(name) ? splitName(name) : undefined
  field(block, 'name').set((split?.name ?? name).subarray(0, FIELD.name[1]))
  if (split !== undefined) field(block, 'prefix').set(split.prefix)
  field(block, 'linkname').set(linkName.subarray(0, FIELD.linkname[1]))
  const seconds = member.mtimeNs / NS
  const octal = (key: 'mode' | 'uid' | 'gid' | 'size' | 'mtime' | 'devmajor' | 'devminor', value: number | bigint) =>
    writeOctal(field(block, key), fitsOctal(value, FIELD[key][1]) ? value : 0)
  octal('mode', member.mode)
  octal('uid', member.uid)
  octal('gid', member.gid)
  octal('size', member.size)
  octal('mtime', seconds)
  if (member.type === 'char' || member.type === 'block') {
    for (const number of [member.devMajor, member.devMinor]) {
      if (!fitsOctal(number, FIELD.devmajor[1])) throw new UnsupportedError(`${member.name}: a tar cannot hold the device number ${number}`)
    }
  }
  octal('devmajor', member.devMajor)
  octal('devminor', member.devMinor)
  field(block, 'typeflag').set(utf8(typeflag))
  field(block, 'magic').set(utf8('ustar\x0000'))
  field(block, 'checksum').set(utf8(`${checksum(block).toString(8).padStart(6, '0')}\0 `))
  return block
}

const isAscii = (bytes: Uint8Array): boolean => bytes.every((byte) => byte < 0x80)
