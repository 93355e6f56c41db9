// Mutations of binary input: bits, bytes, words, blocks, and parts of another input. Numbers are little-endian.

const INTERESTING = [
  0, 1, 2, 4, 8, 0x10, 0x1f, 0x20, 0x7f, 0x80, 0xff, 0x100, 0xfff, 0x1000, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000,
]
  .flatMap((n) => [n, -n])
  .map((n) => n >>> 0)
const TRIES_FOR_CONTENT = 3

/** Random numbers from a seed: mulberry32. `random(n)` is a whole number from 0 to n - 1. */
export function randomFrom(seed) {
  let state = seed >>> 0
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * n)
  }
}

/** A changed copy of `input`, at most `sizeMax` bytes long. `other`: another input. `tokens`: byte strings that the format knows. */
export function mutate(input, other, { random, sizeMax, tokens }) {
  let bytes = Buffer.from(input)
  // Half of the time a single change: several at once undo what earlier ones reached.
  for (let left = random(2) === 0 ? 1 : 1 + random(1 << random(5)); left > 0; left--) bytes = step(bytes, other, random, tokens)
  return bytes.length > sizeMax ? bytes.subarray(0, sizeMax) : bytes
}

function step(bytes, other, random, tokens) {
  if (bytes.length < 8) return Buffer.concat([bytes, Buffer.from(other.subarray(0, 64))])
  const at = place(bytes, random)
  // The word around it, that is the last whole one at the end.
  const word = Math.min(at, bytes.length - 4) & ~3
  switch (random(14)) {
    case 0:
      bytes[at] ^= 1 << random(8)
      break
    case 1:
      bytes[at] = random(256)
      break
    case 2:
      bytes[at] += 1 + random(16) * (random(2) === 0 ? 1 : -1)
      break
    case 3:
      bytes.writeUInt32LE(pick(INTERESTING, random), word)
      break
    case 4:
      bytes.writeUInt16LE(pick(INTERESTING, random) & 0xffff, word + 2 * random(2))
      break
    case 5:
      bytes.writeUInt32LE((bytes.readUInt32LE(word) + random(33) - 16) >>> 0, word)
      break
    case 6:
      bytes.writeUInt32LE((bytes.readUInt32LE(word) + 8 * (random(65) - 32)) >>> 0, word)
      break
    case 7:
    case 8:
      // What is a sound offset or size at one place often is a treacherous one at another.
      bytes.writeUInt32LE(bytes.readUInt32LE(Math.min(place(bytes, random), bytes.length - 4) & ~3), word)
      break
    case 9: {
      const from = place(bytes, random)
      bytes.copy(bytes, at, from, from + 1 + random(128))
      break
    }
    case 10: {
      const from = place(other, random)
      Buffer.from(other.buffer, other.byteOffset, other.length).copy(bytes, at, from, from + 1 + random(512))
      break
    }
    case 11:
      if (tokens.length > 0) pick(tokens, random).copy(bytes, random(2) === 0 ? at & ~3 : at)
      break
    case 12:
      return random(2) === 0
        ? bytes.subarray(0, at + 1)
        : Buffer.concat([bytes.subarray(0, at), Buffer.alloc(8 * (1 + random(64))), bytes.subarray(at)])
    default:
      bytes.fill(random(2) === 0 ? 0 : 0xff, at, Math.min(bytes.length, at + 1 + random(32)))
  }
  return bytes
}

const pick = (list, random) => list[random(list.length)]

/** A place in the bytes; seldom among zeros, of which most binary files are full and which mostly mean nothing. */
function place(bytes, random) {
  let at = random(bytes.length)
  for (let tries = TRIES_FOR_CONTENT; tries > 0 && bytes[at] === 0; tries--) at = random(bytes.length)
  return at
}
