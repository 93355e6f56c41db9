// How much disk a tree takes, counted through the file helper: whatever modes its owner gave the directories, and never past a link.
import { decodePath, type StrataError } from '../../core/index.js'
import { native, OP, type Step, step } from '../../native/index.js'
import type { FileAnswer } from '../backend.js'

/** Asks the helper about the directory `base`. */
export type AskBelow = (request: Step, base: number) => Promise<FileAnswer>

const S_IFMT = 0o170000
const S_IFDIR = 0o040000
const O_DIRECTORY = 0o200000
const BLOCK = 512
// Where the answer's ints have what: PutStat of native/linux/supervisor/files.cc, after the errno.
const [MODE, NLINK, INO, BLOCKS] = [1, 5, 6, 13]
// Of characters, each three bytes at most. Deeper trees go on from a descriptor, so no path gets longer than the kernel takes.
const PATH_MAX = 900

class Usage {
  readonly #ask: AskBelow
  readonly #signal: AbortSignal
  readonly #linked = new Set<bigint>()

  constructor(ask: AskBelow, signal: AbortSignal) {
    this.#ask = ask
    this.#signal = signal
  }

  async below(base: number, path: string): Promise<number> {
    const { entries } = await this.#ask(step(OP.fsScan, [1], path === '' ? '.' : path), base)
    let sum = 0
    for (const { ints, strings } of entries) {
      if (this.#signal.aborted) return sum
      const isDirectory = (Number(ints[MODE] ?? 0n) & S_IFMT) === S_IFDIR
      const ino = ints[INO] ?? 0n
      if (!isDirectory && (ints[NLINK] ?? 1n) > 1n) {
        if (this.#linked.has(ino)) continue
        this.#linked.add(ino)
      }
      sum += Math.max(1, Number(ints[BLOCKS] ?? 0n)) * BLOCK
      if (isDirectory) sum += await this.#directory(base, path, decodePath(strings[0] ?? new Uint8Array()))
    }
    return sum
  }

  async #directory(base: number, path: string, name: string): Promise<number> {
    const child = path === '' ? name : `${path}/${name}`
    try {
      if (child.length < PATH_MAX) return await this.below(base, child)
      const { fd } = await this.#ask(step(OP.fsOpen, [O_DIRECTORY, 0, 0, 0], child), base)
      try {
        return await this.below(fd as number, '')
      } finally {
        native().close(fd as number)
      }
    } catch (error) {
      // Removed, or replaced by something else, while we looked.
      if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes((error as StrataError).code)) return 0
      throw error
    }
  }
}

/** Bytes on disk below the directory `base`: hard links once, each entry at least 512. Infinity where a directory has too many entries to be listed
 *  (more than a million). Ends early, with what it has, when `signal` is aborted. */
export async function diskUsage(ask: AskBelow, base: number, signal: AbortSignal): Promise<number> {
  try {
    return await new Usage(ask, signal).below(base, '')
  } catch (error) {
    if ((error as StrataError).code === 'E2BIG') return Number.POSITIVE_INFINITY
    throw error
  }
}
