// Marvin32, the keyed hash that Windows protects log entries with (US patent 8555148; the regf specification has the seed).

const SEED_LOW = 0x7a4e55c5
const SEED_HIGH = 0x82ef4d88

const rotate = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits))

/** The two halves of the 64-bit hash, as unsigned numbers. */
export function marvin32(bytes: Uint8Array): { readonly low: number; readonly high: number } {
  let low = SEED_LOW
  let high = SEED_HIGH
  const mix = (word: number): void => {
    low = (low + word) | 0
    high ^= low
    low = rotate(low, 20)
    low = (low + high) | 0
    high = rotate(high, 9)
    high ^= low
    low = rotate(low, 27)
    low = (low + high) | 0
    high = rotate(high, 19)
  }
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = bytes.length & ~3
  for (let at = 0; at < end; at += 4) mix(words.getUint32(at, true))
  // The rest is closed by 0x80, as in MD-style padding.
  let last = 0x80
  for (let at = bytes.length - 1; at >= end; at--) last = (last << 8) | bytes[at]!
  mix(last)
  mix(0)
  return { low: low >>> 0, high: high >>> 0 }
}
