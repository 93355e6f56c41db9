// Bare lists of cell offsets, u32 each: a key's values, the segments of big data (regf specification, "Key values list").
import type { View } from '../view.js'

/** As many of `count` offsets as the cell holds. */
export function parseOffsetList(cell: View, count: number): number[] {
  const held = Math.min(count, Math.floor(cell.size / 4))
  const offsets = new Array<number>(held)
  for (let i = 0; i < held; i++) offsets[i] = cell.u32(4 * i)
  return offsets
}

/** The list's bytes. */
export function encodeOffsetList(offsets: readonly number[]): Uint8Array {
  const out = new Uint8Array(4 * offsets.length)
  const numbers = new DataView(out.buffer)
  for (const [i, offset] of offsets.entries()) numbers.setUint32(4 * i, offset, true)
  return out
}
