// The chain of hive bins. After a damaged header reading goes on at the next sound one; cells between stay readable.
import { BIN_ALIGN, binSizeAt } from '../records/hive-bin.js'
import type { View } from '../view.js'
import type { Warnings } from '../warnings.js'

/** For each page of 4096 bytes, the end of the bin that it belongs to. */
export function mapBins(bins: View, warnings: Warnings): Uint32Array {
  const pages = Math.ceil(bins.size / BIN_ALIGN)
  const ends = new Uint32Array(pages)
  for (let page = 0; page < pages; ) {
    const offset = page * BIN_ALIGN
    const size = binSizeAt(bins, offset)
    let next = page + Math.max(1, size / BIN_ALIGN)
    if (size === 0) {
      while (next < pages && binSizeAt(bins, next * BIN_ALIGN) === 0) next++
      warnings.add(`hive bin at ${offset}: the header is damaged; bins go on at ${next * BIN_ALIGN}`)
    } else if (offset + size > bins.size)
      warnings.add(`hive bin at ${offset}: ${size} bytes long, of which ${bins.size - offset} are there`)
    const end = Math.min(next * BIN_ALIGN, bins.size)
    while (page < next && page < pages) ends[page++] = end
  }
  return ends
}

/** Where the last sound bin ends, or would end were the file not cut short. */
export function endOfBins(rest: View): number {
  let end = 0
  for (let offset = 0; offset < rest.size; ) {
    const size = binSizeAt(rest, offset)
    offset += size === 0 ? BIN_ALIGN : size
    if (size !== 0) end = offset
  }
  return end
}
