// The header blocks of a member: ustar, and PAX records before it for what does not fit. Source: POSIX pax "ustar Interchange Format".
import { comparePaths, encodePath, UnsupportedError, utf8 } from '../core/index.js'
import { BLOCK_BYTES, checksum, FIELD, paddingAfter } from './block.js'
import { isForeignRecord } from './extended.js'
import { fitsOctal, writeOctal } from './numbers.js'
import { formatPax, formatPaxTime } from './pax.js'
import type { TarHeader, TarType } from './types.js'

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
const MAGIC = utf8('ustar\x0000')
const EXTENDED_NAME = utf8('PaxHeaders.0/x')
const NO_BYTES = new Uint8Array(0)
const SPACE = 0x20

/** The header blocks of a member: an extended header where one is needed, then its own. */
export function encodeHeader(member: TarHeader): Uint8Array {
  const name = encodePath(member.name)
  const linkName = encodePath(member.linkName)
  const records = paxRecords(member, name, linkName)
  if (records.length === 0) {
    const block = new Uint8Array(BLOCK_BYTES)
    writeUstar(block, 0, member, name, linkName)
    return block
  }
  const body = formatPax(records)
  const out = new Uint8Array(BLOCK_BYTES + body.length + paddingAfter(body.length) + BLOCK_BYTES)
  writeUstar(out, 0, extendedHeader(body.length), EXTENDED_NAME, NO_BYTES, 'x')
  out.set(body, BLOCK_BYTES)
  writeUstar(out, out.length - BLOCK_BYTES, member, name, linkName)
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
  if (!isAscii(name) || cutOf(name) === undefined) records.push(['path', name])
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

/** Where a name is cut into prefix and name fields: 0 for no prefix, undefined where it fits neither. */
function cutOf(name: Uint8Array): number | undefined {
  const [, most] = FIELD.name
  if (name.length <= most) return 0
  // The last slash that leaves a prefix of at most 155 bytes, and does not leave an empty name.
  const slash = name.subarray(0, Math.min(FIELD.prefix[1] + 1, name.length - 1)).lastIndexOf(0x2f)
  return slash <= 0 || name.length - slash - 1 > most ? undefined : slash
}

/** Fills the block at `at`, which is zeros. */
function writeUstar(
  out: Uint8Array,
  at: number,
  member: TarHeader,
  name: Uint8Array,
  linkName: Uint8Array,
  typeflag = TYPEFLAG[member.type],
): void {
  const cut = isAscii(name) ? cutOf(name) : undefined
  out.set((cut === undefined || cut === 0 ? name : name.subarray(cut + 1)).subarray(0, FIELD.name[1]), at)
  if (cut !== undefined && cut > 0) out.set(name.subarray(0, cut), at + FIELD.prefix[0])
  out.set(linkName.subarray(0, FIELD.linkname[1]), at + FIELD.linkname[0])
  octal(out, at, FIELD.mode, member.mode)
  octal(out, at, FIELD.uid, member.uid)
  octal(out, at, FIELD.gid, member.gid)
  octal(out, at, FIELD.size, member.size)
  octal(out, at, FIELD.mtime, Number(member.mtimeNs / NS))
  if (member.type === 'char' || member.type === 'block') {
    for (const number of [member.devMajor, member.devMinor]) {
      if (!fitsOctal(number, FIELD.devmajor[1])) throw new UnsupportedError(`${member.name}: a tar cannot hold the device number ${number}`)
    }
  }
  octal(out, at, FIELD.devmajor, member.devMajor)
  octal(out, at, FIELD.devminor, member.devMinor)
  out[at + FIELD.typeflag[0]] = typeflag.charCodeAt(0)
  out.set(MAGIC, at + FIELD.magic[0])
  const [start, length] = FIELD.checksum
  // Six digits, NUL, space.
  writeOctal(out, at + start, length - 1, checksum(out.subarray(at, at + BLOCK_BYTES)))
  out[at + start + length - 1] = SPACE
}

/** A number in its field; 0 where it does not fit, and a PAX record says it. */
function octal(out: Uint8Array, at: number, [start, length]: readonly [number, number], value: number): void {
  writeOctal(out, at + start, length, fitsOctal(value, length) ? value : 0)
}

function isAscii(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at++) if (bytes[at]! >= 0x80) return false
  return true
}
