// Logs of Windows 8.1 and later (regf specification, "New format"): a base block of type 6, then entries one after the other.
// Entry: 0 'HvLE' · 4 size · 8 flags · 12 sequence · 16 hive bins data size · 20 pages · 24 hash of the rest · 32 hash of the first 32 bytes · 40 page references
import { BASE_BLOCK_HEAD, type BaseBlock, parseBaseBlock } from '../records/base-block.js'
import { BIN_ALIGN } from '../records/hive-bin.js'
import { View } from '../view.js'
import { marvin32 } from './marvin32.js'

const HVLE = 0x454c7648
const HEADER = 40
const HASH_1 = 24
const HASH_2 = 32

/** One entry: pages that become valid together. */
export interface LogEntry {
  readonly sequence: number
  readonly flags: number
  readonly dataSize: number
  readonly pages: readonly { readonly offset: number; readonly bytes: Uint8Array }[]
}

/** A log with the unbroken run of entries it begins with. */
export interface NewLog {
  readonly kind: 'new'
  readonly base: BaseBlock
  readonly baseBytes: Uint8Array
  readonly entries: readonly LogEntry[]
}

/** @throws FormatError where the base block cannot be read */
export function parseNewLog(bytes: Uint8Array): NewLog {
  const base = parseBaseBlock(bytes)
  const view = View.of(bytes)
  const entries: LogEntry[] = []
  let sequence = base.primarySequence
  for (let at = BASE_BLOCK_HEAD; ; ) {
    const size = at + HEADER <= view.size ? view.u32(at + 4) : 0
    if (size < HEADER || size % BASE_BLOCK_HEAD !== 0 || at + size > view.size) break
    const entry = parseEntry(view.window(at, size))
    // Remnants of older runs follow the last entry: they carry other numbers.
    if (entry === undefined || entry.sequence !== sequence) break
    entries.push(entry)
    sequence = (sequence + 1) >>> 0
    at += size
  }
  return { kind: 'new', base, baseBytes: bytes.subarray(0, BASE_BLOCK_HEAD), entries }
}

/** Undefined for an entry whose hashes, sizes or pages are wrong. */
function parseEntry(entry: View): LogEntry | undefined {
  if (entry.u32(0) !== HVLE || !hashMatches(entry, HASH_2, 0, HASH_2) || !hashMatches(entry, HASH_1, HEADER, entry.size - HEADER))
    return undefined
  const dataSize = entry.u32(16)
  const count = entry.u32(20)
  if (dataSize % BIN_ALIGN !== 0 || count > (entry.size - HEADER) / 8) return undefined
  const pages: { offset: number; bytes: Uint8Array }[] = []
  let at = HEADER + 8 * count
  for (let i = 0; i < count; i++) {
    const offset = entry.u32(HEADER + 8 * i)
    const size = entry.u32(HEADER + 8 * i + 4)
    if (at + size > entry.size || offset + size > dataSize) return undefined
    pages.push({ offset, bytes: entry.bytes(at, size) })
    at += size
  }
  return { sequence: entry.u32(12), flags: entry.u32(8), dataSize, pages }
}

function hashMatches(entry: View, hashAt: number, from: number, size: number): boolean {
  const { low, high } = marvin32(entry.bytes(from, size))
  return entry.u32(hashAt) === low && entry.u32(hashAt + 4) === high
}
