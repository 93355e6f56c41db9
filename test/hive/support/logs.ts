// Transaction logs, made by hand: both formats (regf specification, "Transaction log files").
import { marvin32 } from '../../../src/hive/log/marvin32.js'

const BINS = 4096

/** Puts the right checksum into a base block. */
export function seal(bytes: Buffer): Buffer {
  let sum = 0
  for (let at = 0; at < 508; at += 4) sum ^= bytes.readUInt32LE(at)
  bytes.writeUInt32LE(sum >>> 0, 508)
  return bytes
}

/** A copy with these sequence numbers; unequal ones make it dirty. */
export function sequenced(hive: Buffer, primary: number, secondary: number): Buffer {
  const copy = Buffer.from(hive)
  copy.writeUInt32LE(primary, 4)
  copy.writeUInt32LE(secondary, 8)
  return seal(copy)
}

/** The base block of a log of this type. */
export function head(hive: Buffer, type: number, sequence: number): Buffer {
  const copy = Buffer.from(sequenced(hive, sequence, sequence).subarray(0, 512))
  copy.writeUInt32LE(type, 28)
  return seal(copy)
}

/** An entry with all bins of `hive` as one page. */
export function entry(hive: Buffer, sequence: number): Buffer {
  const bins = hive.subarray(BINS)
  const size = Math.ceil((48 + bins.length) / 512) * 512
  const out = Buffer.alloc(size)
  out.write('HvLE')
  out.writeUInt32LE(size, 4)
  out.writeUInt32LE(sequence, 12)
  out.writeUInt32LE(bins.length, 16)
  out.writeUInt32LE(1, 20)
  out.writeUInt32LE(bins.length, 44)
  bins.copy(out, 48)
  return sealEntry(out)
}

/** Puts the right hashes into a log entry. */
export function sealEntry(entry: Buffer): Buffer {
  const hash = (from: number, to: number, at: number) => {
    const { low, high } = marvin32(entry.subarray(from, to))
    entry.writeUInt32LE(low, at)
    entry.writeUInt32LE(high, at + 4)
  }
  hash(40, entry.length, 24)
  hash(0, 32, 32)
  return entry
}

/** A new log with these entries. */
export const newLog = (hive: Buffer, start: number, ...entries: Buffer[]) => Buffer.concat([head(hive, 6, start), ...entries])

/** An old log. `before`: the hive whose pages it brings up to date, only those that differ; left out, all are dirty. `sector`: of the disk. */
export function oldLog(hive: Buffer, sequence: number, options: { time?: bigint; before?: Buffer; sector?: 512 | 4096 } = {}): Buffer {
  const { time, before, sector = 512 } = options
  const bins = hive.subarray(BINS)
  const bitmap = Buffer.alloc(Math.ceil((4 + bins.length / 4096) / sector) * sector)
  bitmap.write('DIRT')
  const dirty: Buffer[] = []
  for (let page = 0; page < bins.length / 512; page++) {
    const bytes = bins.subarray(512 * page, 512 * (page + 1))
    if (before?.subarray(BINS + 512 * page, BINS + 512 * (page + 1)).equals(bytes)) continue
    bitmap[4 + (page >> 3)]! |= 1 << (page & 7)
    dirty.push(bytes)
  }
  const block = Buffer.alloc(sector)
  head(hive, 1, sequence).copy(block)
  block.writeUInt32LE(sector / 512, 44)
  if (time !== undefined) block.writeBigUInt64LE(time, 12)
  return Buffer.concat([seal(block), bitmap, ...dirty])
}
