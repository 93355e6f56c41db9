// Inputs that reach what no other one reaches. Kept in a folder as well, so that the next run goes on where this one ended.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** How often an edge was taken counts in steps: 1, 2, 3, 4-7, 8-15, 16-31, 32-127, more. One bit for each. */
const STEPS = Uint8Array.from({ length: 256 }, (_, n) =>
  n < 4 ? [0, 1, 2, 4][n] : n < 8 ? 8 : n < 16 ? 16 : n < 32 ? 32 : n < 128 ? 64 : 128,
)

/** The inputs of one run. */
export class Corpus {
  /** All of them, with the time one took in milliseconds. */
  inputs = []
  /** Bits of steps seen, by edge. */
  edges = 0
  #seen
  #folder
  #weights = 0

  constructor(mapSize, folder) {
    this.#seen = new Uint8Array(mapSize)
    this.#folder = folder
    if (folder !== undefined) mkdirSync(folder, { recursive: true })
  }

  /** What earlier runs left in the folder. */
  stored() {
    if (this.#folder === undefined || !existsSync(this.#folder)) return []
    return readdirSync(this.#folder).map((name) => readFileSync(join(this.#folder, name)))
  }

  /** Looks at the map of the last run, empties it, and says whether anything in it is new. */
  isNew(map) {
    let found = false
    const words = new Uint32Array(map.buffer, map.byteOffset, map.length >> 2)
    for (let w = 0; w < words.length; w++) {
      if (words[w] === 0) continue
      for (let at = 4 * w; at < 4 * w + 4; at++) {
        const step = STEPS[map[at]]
        if ((step & ~this.#seen[at]) === 0) continue
        if (this.#seen[at] === 0) this.edges++
        this.#seen[at] |= step
        found = true
      }
      words[w] = 0
    }
    return found
  }

  /** Keeps an input. */
  add(bytes, ms) {
    const weight = 1 / (0.2 + ms)
    this.#weights += weight
    this.inputs.push({ bytes, weight })
    if (this.#folder === undefined) return
    const name = createHash('sha1').update(bytes).digest('hex')
    if (!existsSync(join(this.#folder, name))) writeFileSync(join(this.#folder, name), bytes)
  }

  /** One input: often one of the last that were found, else any, quick ones more often than slow ones. */
  pick(random) {
    const { inputs } = this
    if (random(3) === 0) return inputs[Math.max(0, inputs.length - 1 - random(20))].bytes
    let rest = (this.#weights * random(1 << 30)) / (1 << 30)
    for (const { bytes, weight } of inputs) {
      rest -= weight
      if (rest <= 0) return bytes
    }
    return inputs[0].bytes
  }
}
