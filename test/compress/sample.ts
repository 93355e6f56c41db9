// What the compressors' tests compress.
import { streamOf } from '../image/support/make.js'

/** Bytes that look like a tar's: repeats, text and noise, by a fixed rule. */
export function sample(length: number): Uint8Array {
  const out = new Uint8Array(length)
  let state = 1
  for (let at = 0; at < length; at++) {
    state = (state * 1103515245 + 12345) & 0x7fffffff
    out[at] = at % 1000 < 600 ? 65 + (at % 23) : state >> 16
  }
  return out
}

/** The bytes in pieces of a size. */
export const cut = (bytes: Uint8Array, size: number) =>
  streamOf(...Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size)))
