// /etc/ld.so.cache, ldconfig's list of the libraries in /etc/ld.so.conf's directories. Source: ldconfig(8); the layout is glibc's dl-cache.h.
import { endianness } from 'node:os'
import { decodePath, FormatError } from '../../core/index.js'
import { ElfRecord } from './elf-record.js'
import type { HostFile } from './host-file.js'

const OLD_MAGIC = 'ld.so-1.7.0'
const OLD_HEADER_SIZE = 16
const OLD_ENTRY_SIZE = 12
const OLD_COUNT = 12

/** Header: magic and version 20, entry count u32, string bytes u32, flags u8, 3 unused, extensions u32, 12 unused. */
const MAGIC = 'glibc-ld.so.cache1.1'
const HEADER_SIZE = 48
const COUNT = 20
const FLAGS = 28
const BIG_ENDIAN = 3
/** Entry: flags u32, name u32, path u32, unused u32, hardware capabilities u64. Strings are named by their offset from the header. */
const ENTRY_SIZE = 24
const NAME = 4
const PATH = 8
const HWCAP = 16

/** Some 600 libraries take 36 KiB. */
const CACHE_MAX_BYTES = 1 << 24
const PATH_MAX = 4096

/** Paths by library name, in the loader's order. Entries for some CPUs only (hwcaps) are left out: an image goes to other machines.
 *  @throws FormatError for a malformed cache */
export async function readLdCache(file: HostFile): Promise<Map<string, string[]>> {
  if (file.size > CACHE_MAX_BYTES) throw new FormatError(`${file.path}: more than ${CACHE_MAX_BYTES} bytes`)
  const all = await file.bytes(0, file.size)
  const start = newHeader(all)
  const bytes = all.subarray(start)
  if (!startsWith(bytes, MAGIC)) throw new FormatError(`${file.path}: not a cache of ldconfig`, { offset: start, remedy: 'run ldconfig' })

  const littleEndian = bytes[FLAGS] === 0 ? endianness() === 'LE' : bytes[FLAGS] !== BIG_ENDIAN
  const record = new ElfRecord(bytes, { class: 64, littleEndian }, start)
  const count = record.u32(COUNT)
  if (HEADER_SIZE + count * ENTRY_SIZE > bytes.length)
    throw new FormatError(`${file.path}: ${count} entries, past the end`, { offset: start + COUNT })
  const paths = new Map<string, string[]>()
  // Strings of a malformed cache may overlap without end; those of a sound one share their tails at most.
  let room = 4 * bytes.length
  const text = (at: number) => {
    const end = bytes.subarray(at, at + PATH_MAX).indexOf(0)
    room -= end
    if (end < 0 || room < 0) throw new FormatError(`${file.path}: a name has no end`, { offset: start + at })
    return decodePath(bytes.subarray(at, at + end))
  }
  for (let at = HEADER_SIZE; at < HEADER_SIZE + count * ENTRY_SIZE; at += ENTRY_SIZE) {
    if (record.word(at + HWCAP) !== 0) continue
    const name = text(record.u32(at + NAME))
    const path = text(record.u32(at + PATH))
    const known = paths.get(name)
    if (known === undefined) paths.set(name, [path])
    else known.push(path)
  }
  return paths
}

/** Where the header is: ldconfig before glibc 2.32 wrote an older list first. */
function newHeader(bytes: Uint8Array): number {
  if (!startsWith(bytes, OLD_MAGIC)) return 0
  const count = new ElfRecord(bytes, { class: 64, littleEndian: endianness() === 'LE' }, 0).u32(OLD_COUNT)
  return Math.ceil((OLD_HEADER_SIZE + count * OLD_ENTRY_SIZE) / 8) * 8
}

const startsWith = (bytes: Uint8Array, magic: string) => Buffer.from(bytes.subarray(0, magic.length)).toString('latin1') === magic
