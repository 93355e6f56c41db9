// The contents of small files in an upper directory, many with one request where they are read in the order they were found: asking for each costs several
// times what reading it does.
import { encodePath } from '../core/index.js'
import { OP, type ReceivedStep, type Step, step } from '../native/index.js'

/** Larger files are opened one by one. The helper's own bound, of one file (native/linux/supervisor/read_files.cc). */
export const SMALL_MAX_BYTES = 64 * 1024

/** Of one request. */
const FILES_MAX = 256
const BYTES_MAX = 1024 * 1024
/** Whoever reads on after this long gets what is there then. */
const FRESH_MS = 1000

/** A file that was found. */
interface SmallFile {
  readonly layer: number
  /** Below the layer's directory of uppers. */
  readonly path: string
  readonly size: number
}

/** Small files in the order they were found. */
export class SmallFiles {
  readonly #files: SmallFile[] = []
  readonly #ahead = new Map<number, Uint8Array>()
  #readAt = 0
  #next = 0
  #window = 1

  constructor(readonly ask: (request: Step, layer: number) => Promise<{ readonly entries: readonly ReceivedStep[] }>) {}

  /** Takes note of a file; its number. */
  add(file: SmallFile): number {
    return this.#files.push(file) - 1
  }

  /** The content of a file; undefined where it cannot be had like this (it grew, or is gone). */
  async content(number: number): Promise<Uint8Array | undefined> {
    if (performance.now() - this.#readAt > FRESH_MS) this.#ahead.clear()
    if (!this.#ahead.has(number)) await this.#read(number)
    const found = this.#ahead.get(number)
    this.#ahead.delete(number)
    this.#next = number + 1
    return found
  }

  /** Reads a file, and after it the more the longer they have been read in order. */
  async #read(first: number): Promise<void> {
    this.#window = first === this.#next ? Math.min(this.#window * 4, FILES_MAX) : 1
    const { layer } = this.#files[first]!
    const batch: SmallFile[] = []
    let bytes = 0
    for (const file of this.#files.slice(first, first + this.#window)) {
      bytes += file.size
      if (file.layer !== layer || (batch.length > 0 && bytes > BYTES_MAX)) break
      batch.push(file)
    }
    const readAt = performance.now()
    const { entries } = await this.ask(step(OP.fsRead, [], encodePath(batch.map(({ path }) => path).join('\0'))), layer)
    this.#ahead.clear()
    this.#readAt = readAt
    // A copy each: the answer is one buffer, and whoever keeps one file must not keep all.
    for (const [k, { ints, strings }] of entries.slice(0, batch.length).entries())
      if (ints[0] === 0n) this.#ahead.set(first + k, (strings[0] as Uint8Array).slice())
  }
}
