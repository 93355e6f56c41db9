// The base block, the first 4096 bytes (regf specification, "Base block"):
// 0 'regf' · 4 primary sequence · 8 secondary sequence · 12 last written · 20 major · 24 minor · 28 file type · 32 format
// 36 root cell · 40 hive bins data size · 44 clustering factor · 48 file name (64 bytes) · 112 reserved, at 144 flags · 508 checksum
import { FormatError } from '../../core/index.js'
import { View } from '../view.js'

/** Length of the base block in a primary file. */
export const BASE_BLOCK_SIZE = 4096
/** Length of what a log keeps of it. */
export const BASE_BLOCK_HEAD = 512
/** Bit of `flags`: key nodes and values carry layer bits. */
export const FLAG_LAYERED = 0x2

const AT = {
  primarySequence: 4,
  secondarySequence: 8,
  lastWritten: 12,
  major: 20,
  minor: 24,
  fileType: 28,
  format: 32,
  root: 36,
  dataSize: 40,
  clustering: 44,
  flags: 144,
  checksum: 508,
} as const
const REGF = 0x66676572

/** What is read of a base block. Offsets count from the first hive bin. */
export interface BaseBlock {
  readonly primarySequence: number
  readonly secondarySequence: number
  readonly lastWritten: bigint
  readonly minor: number
  /** 0 primary file, 1 or 2 old log, 6 new log. */
  readonly fileType: number
  readonly root: number
  /** Bytes of all hive bins. */
  readonly dataSize: number
  /** Sector size of logs, in 512 bytes. */
  readonly clustering: number
  readonly flags: number
  /** False: the checksum is wrong, so any field may be. */
  readonly isSound: boolean
}

/** @throws FormatError where the bytes are too few, do not begin with 'regf' or are of a version that is not 1.3 to 1.6 */
export function parseBaseBlock(bytes: Uint8Array): BaseBlock {
  const view = View.of(bytes)
  if (view.size < BASE_BLOCK_HEAD || view.u32(0) !== REGF) throw new FormatError('no base block: not a registry hive', { offset: 0 })
  const minor = view.u32(AT.minor)
  if (view.u32(AT.major) !== 1 || minor < 3 || minor > 6) {
    throw new FormatError(`hive version ${view.u32(AT.major)}.${minor} is not one of 1.3 to 1.6`, { offset: AT.major })
  }
  return {
    primarySequence: view.u32(AT.primarySequence),
    secondarySequence: view.u32(AT.secondarySequence),
    lastWritten: view.u64(AT.lastWritten),
    minor,
    fileType: view.u32(AT.fileType),
    root: view.u32(AT.root),
    dataSize: view.u32(AT.dataSize),
    clustering: view.u32(AT.clustering),
    flags: view.u32(AT.flags),
    isSound: checksumOf(view) === view.u32(AT.checksum),
  }
}

/** XOR of the 127 words before it; 0 and -1 are never stored. */
function checksumOf(view: View): number {
  let sum = 0
  for (let at = 0; at < AT.checksum; at += 4) sum ^= view.u32(at)
  return sum === 0 ? 1 : sum === -1 ? 0xfffffffe : sum >>> 0
}

/** Writes fields into a copy of `block` (4096 bytes), marks it as a clean primary file and seals it with its checksum. */
export function sealBaseBlock(
  block: Uint8Array,
  fields: Partial<Pick<BaseBlock, 'primarySequence' | 'lastWritten' | 'minor' | 'root' | 'dataSize' | 'flags'>>,
): Uint8Array {
  const out = new Uint8Array(BASE_BLOCK_SIZE)
  out.set(block.subarray(0, BASE_BLOCK_SIZE))
  const numbers = new DataView(out.buffer)
  numbers.setUint32(0, REGF, true)
  const sequence = fields.primarySequence ?? numbers.getUint32(AT.primarySequence, true)
  numbers.setUint32(AT.primarySequence, sequence, true)
  numbers.setUint32(AT.secondarySequence, sequence, true)
  if (fields.lastWritten !== undefined) numbers.setBigUint64(AT.lastWritten, fields.lastWritten, true)
  if (fields.minor !== undefined) numbers.setUint32(AT.minor, fields.minor, true)
  if (fields.root !== undefined) numbers.setUint32(AT.root, fields.root, true)
  if (fields.dataSize !== undefined) numbers.setUint32(AT.dataSize, fields.dataSize, true)
  if (fields.flags !== undefined) numbers.setUint32(AT.flags, fields.flags, true)
  numbers.setUint32(AT.fileType, 0, true)
  numbers.setUint32(AT.checksum, checksumOf(View.of(out)), true)
  return out
}

/** The base block of a hive that was never on a disk; its time is 0. */
export function newBaseBlock(minor: number, flags: number): Uint8Array {
  const out = new Uint8Array(BASE_BLOCK_SIZE)
  const numbers = new DataView(out.buffer)
  numbers.setUint32(AT.major, 1, true)
  numbers.setUint32(AT.format, 1, true)
  numbers.setUint32(AT.clustering, 1, true)
  return sealBaseBlock(out, { primarySequence: 1, minor, flags })
}
