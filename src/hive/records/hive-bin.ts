// Hive bin header, 32 bytes (regf specification, "Hive bin"): 0 'hbin' · 4 offset · 8 size · 12 reserved (8) · 20 timestamp · 28 spare
import type { View } from '../view.js'

/** Length of the header; the first cell follows it. */
export const BIN_HEADER = 32
/** Hive bins are multiples of this. */
export const BIN_ALIGN = 4096

const HBIN = 0x6e696268

/** Size of the bin whose header is at `offset` of the hive bins data; 0 where there is no sound header. */
export function binSizeAt(bins: View, offset: number): number {
  if (offset + BIN_HEADER > bins.size || bins.u32(offset) !== HBIN || bins.u32(offset + 4) !== offset) return 0
  const size = bins.u32(offset + 8)
  return size >= BIN_ALIGN && size % BIN_ALIGN === 0 ? size : 0
}

/** Timestamp of the first bin: a backup of the base block's. */
export const binTimestamp = (bins: View): bigint => bins.u64(20)

/** Writes a header at `offset` of the hive bins data. */
export function writeBinHeader(bins: DataView, offset: number, size: number, timestamp: bigint): void {
  bins.setUint32(offset, HBIN, true)
  bins.setUint32(offset + 4, offset, true)
  bins.setUint32(offset + 8, size, true)
  bins.setBigUint64(offset + 20, timestamp, true)
}
