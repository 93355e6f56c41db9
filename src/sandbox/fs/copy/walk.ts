// Copying a tree from any source to any target. No link is followed on either side, and no path is walked twice by name alone: both sides resolve every
// path beneath an open directory, links refused, so what is swapped under way is an error or left out.
import { fstat } from 'node:fs'
import { promisify } from 'node:util'
import { ERRNO, unlessGone } from '../../../core/index.js'
import { type Call, callError, errnoError } from '../inside.js'
import { closeFd } from '../open.js'
import { transfer } from '../transfer.js'
import type { Source, Target, TreeEntry } from './tree.js'

const statFd = promisify(fstat)

/** Options of copyIn and copyOut. */
export interface CopyOptions {
  /** Aborts the copy: what is there by then stays, but for a file that is not whole. */
  readonly signal?: AbortSignal | undefined
  /** Called with each path, relative to the top of the tree; false leaves it out with all that is below. Not called for the top itself. */
  readonly filter?: ((path: string) => boolean | Promise<boolean>) | undefined
}

/** A copy under way. */
export class Walk {
  readonly #source: Source
  readonly #target: Target
  readonly #options: CopyOptions
  readonly #call: (path: string) => Call
  /** First path of each file with several names. */
  readonly #links = new Map<string, string>()

  /** `call` says of a path below what was being done, for errors. */
  constructor(source: Source, target: Target, options: CopyOptions, call: (path: string) => Call) {
    this.#source = source
    this.#target = target
    this.#options = options
    this.#call = call
  }

  /** Everything below the two directories. `top`: attributes for the target's own, when it is new. */
  async tree(top: TreeEntry | undefined): Promise<void> {
    const made: [string, TreeEntry][] = top === undefined ? [] : [['', top]]
    const pending = ['']
    for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
      for (const entry of await this.#list(directory)) {
        const path = directory === '' ? entry.name : `${directory}/${entry.name}`
        this.#options.signal?.throwIfAborted()
        if (this.#options.filter !== undefined && !(await this.#options.filter(path))) continue
        if (entry.type !== 'directory') await this.leaf(path, path, entry)
        else {
          if (await this.#named(path, () => this.#target.directory(path))) made.push([path, entry])
          pending.push(path)
        }
      }
    }
    // Innermost first, and only now: what is made in a directory changes its times, and without write permission nothing could be made in it.
    for (const [path, entry] of made.reverse()) await this.#named(path, () => this.#target.finishDirectory(path, entry))
  }

  /** Anything but a directory. */
  leaf(from: string, to: string, entry: TreeEntry): Promise<void> {
    return this.#named(from, async () => {
      if (entry.type === 'socket') return
      if (entry.type === 'directory') throw errnoError(ERRNO.EISDIR, this.#call(from))
      if (entry.type === 'device') throw errnoError(ERRNO.EPERM, this.#call(from))
      const first = this.#links.get(entry.identity)
      if (entry.nlink > 1 && first !== undefined) return this.#target.link(first, to)
      if (entry.type === 'symlink') await this.#target.symlink(to, entry)
      else if (entry.type === 'fifo') await this.#target.fifo(to, entry)
      else if (!(await this.#file(from, to, entry))) return
      if (entry.nlink > 1) this.#links.set(entry.identity, to)
    })
  }

  /** False when it is gone. */
  async #file(from: string, to: string, entry: TreeEntry): Promise<boolean> {
    const source = await unlessGone(() => this.#source.open(from))
    if (source === undefined) return false
    try {
      const info = await statFd(source)
      if (!info.isFile()) throw errnoError(ERRNO.EISDIR, this.#call(from))
      const target = await this.#target.file(to, entry)
      try {
        await transfer(source, target, info.size, this.#options.signal)
        await this.#target.finishFile(target, entry)
      } catch (error) {
        await this.#target.remove(to)
        throw error
      } finally {
        await closeFd(target)
      }
    } finally {
      await closeFd(source)
    }
    return true
  }

  async #list(directory: string): Promise<readonly TreeEntry[]> {
    const list = () => this.#named(directory, () => this.#source.list(directory))
    return directory === '' ? list() : ((await unlessGone(list)) ?? [])
  }

  async #named<T>(path: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw callError(error, { ...this.#call(path), signal: this.#options.signal })
    }
  }
}
