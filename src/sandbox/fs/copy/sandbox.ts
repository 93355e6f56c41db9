// The sandbox's side of a copy: every request beneath a directory descriptor, links refused (NO_LINKS).
import { constants } from 'node:fs'
import { decodePath, type FsError } from '../../../core/index.js'
import { O_NOFOLLOW, OP, type ReceivedStep, type Step, step } from '../../../native/index.js'
import { xattrsOf } from '../../../rootfs/index.js'
import { type Call, type Inside, NO_LINKS, SELF, withMode } from '../inside.js'
import { rawStat } from '../stats.js'
import { isCopiedXattr, type Source, type Target, type TreeEntry, typeOf } from './tree.js'

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL } = constants
const S_IFIFO = 0o010000

function entryOf({ ints, strings }: ReceivedStep): TreeEntry {
  const { mode, mtimeNs, nlink, dev, ino } = rawStat(ints.slice(1))
  const [name, target, packed] = strings
  const xattrs = Object.entries(xattrsOf(packed ?? new Uint8Array())).filter(([attribute]) => isCopiedXattr(attribute))
  return {
    name: decodePath(name ?? new Uint8Array()),
    type: typeOf(Number(mode)),
    mode: Number(mode) & 0o7777,
    mtimeNs,
    nlink: Number(nlink),
    identity: `${dev}:${ino}`,
    target: decodePath(target ?? new Uint8Array()),
    xattrs: Object.fromEntries(xattrs),
  }
}

/** Where a side's paths start, and what is being done. */
export interface Place {
  readonly inside: Inside
  /** Undefined: the root, and links in a path are followed, its end excepted. */
  readonly base: number | undefined
  readonly call: Call
}

/** A directory of the sandbox to copy from. */
export class SandboxSource implements Source {
  readonly #place: Place
  readonly #links: number

  constructor(place: Place) {
    this.#place = place
    this.#links = place.base === undefined ? 0 : NO_LINKS
  }

  async list(path: string): Promise<TreeEntry[]> {
    return this.#scan(path, false)
  }

  async entry(path: string): Promise<TreeEntry> {
    return (await this.#scan(path, true))[0] as TreeEntry
  }

  async #scan(path: string, one: boolean): Promise<TreeEntry[]> {
    const { inside, base, call } = this.#place
    const { entries } = await inside.ask(step(OP.fsScan, withMode(this.#links, 1, one ? 1 : 0), path || '.'), { ...call, base })
    return entries.map(entryOf)
  }

  async open(path: string): Promise<number> {
    const { inside, base, call } = this.#place
    return inside.askForFd(step(OP.fsOpen, withMode(this.#links, O_RDONLY | O_NOFOLLOW, 0, 0, 0), path), { ...call, base })
  }
}

/** A directory of the sandbox to copy to. New files are `owner`'s. */
export class SandboxTarget implements Target {
  readonly #place: Place
  readonly #owner: { readonly uid: number; readonly gid: number }

  constructor(place: Place, owner: { readonly uid: number; readonly gid: number }) {
    this.#place = place
    this.#owner = owner
  }

  #ask(op: number, ints: readonly (number | bigint)[], ...strings: (string | Uint8Array)[]) {
    const { inside, base, call } = this.#place
    return inside.ask(step(op, withMode(NO_LINKS, ...ints), ...strings), { ...call, base })
  }

  #askOf(fd: number, op: number, ints: readonly (number | bigint)[], ...strings: (string | Uint8Array)[]) {
    const { inside, call } = this.#place
    return inside.ask(step(op, withMode(SELF, ...ints), '', ...strings), { ...call, base: fd })
  }

  async directory(path: string): Promise<boolean> {
    const { uid, gid } = this.#owner
    try {
      await this.#ask(OP.fsMkdir, [0o700, uid, gid], path)
      return true
    } catch (error) {
      if ((error as FsError).code !== 'EEXIST') throw error
      const { ints } = await this.#ask(OP.fsStat, [0], path)
      if (typeOf(Number(rawStat(ints).mode)) !== 'directory') throw error
      return false
    }
  }

  async file(path: string, { mode }: TreeEntry): Promise<number> {
    const { inside, base, call } = this.#place
    const { uid, gid } = this.#owner
    const ints = withMode(NO_LINKS, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode & 0o777, uid, gid)
    return this.#replacing(path, () => inside.askForFd(step(OP.fsOpen, ints, path), { ...call, base }))
  }

  async finishFile(fd: number, entry: TreeEntry): Promise<void> {
    // Asked at once, done in this order: writing took setuid away, and times come last.
    const asked: Promise<unknown>[] = Object.entries(entry.xattrs).map(([name, value]) =>
      ignoreUnsupported(this.#askOf(fd, OP.fsSetxattr, [], name, value)),
    )
    if ((entry.mode & 0o7000) !== 0) asked.push(this.#askOf(fd, OP.fsChmod, [entry.mode]))
    asked.push(this.#askOf(fd, OP.fsUtimes, [entry.mtimeNs, entry.mtimeNs, 1]))
    await Promise.all(asked)
  }

  async finishDirectory(path: string, entry: TreeEntry): Promise<void> {
    const at = path || '.'
    const asked: Promise<unknown>[] = Object.entries(entry.xattrs).map(([name, value]) =>
      ignoreUnsupported(this.#ask(OP.fsSetxattr, [], at, name, value)),
    )
    asked.push(this.#ask(OP.fsChmod, [entry.mode], at), this.#ask(OP.fsUtimes, [entry.mtimeNs, entry.mtimeNs, 0], at))
    await Promise.all(asked)
  }

  async symlink(path: string, entry: TreeEntry): Promise<void> {
    const { uid, gid } = this.#owner
    await this.#replacing(path, () => this.#ask(OP.fsSymlink, [uid, gid], entry.target, path))
    await this.#times(path, entry)
  }

  async fifo(path: string, entry: TreeEntry): Promise<void> {
    const { uid, gid } = this.#owner
    await this.#replacing(path, () => this.#ask(OP.fsMknod, [S_IFIFO | (entry.mode & 0o777), 0, 0, uid, gid], path))
    await this.#times(path, entry)
  }

  async #times(path: string, { mtimeNs }: TreeEntry): Promise<void> {
    await this.#ask(OP.fsUtimes, [mtimeNs, mtimeNs, 0], path)
  }

  async link(first: string, path: string): Promise<void> {
    await this.#replacing(path, () => this.#ask(OP.fsLink, [], first, path))
  }

  async remove(path: string): Promise<void> {
    const { inside, base, call } = this.#place
    const request: Step = step(OP.fsUnlink, withMode(NO_LINKS, 0), path)
    try {
      // Also when the copy was aborted.
      await inside.ask(request, { ...call, base, signal: undefined })
    } catch (error) {
      if ((error as FsError).code !== 'ENOENT') throw error
    }
  }

  /** Takes what is there out of the way, unless it is a directory, and tries again. */
  async #replacing<T>(path: string, make: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await make()
      } catch (error) {
        if ((error as FsError).code !== 'EEXIST' || attempt === 8) throw error
        await this.remove(path)
      }
    }
  }
}

/** A file system that holds no attributes. */
async function ignoreUnsupported(asked: Promise<unknown>): Promise<unknown> {
  try {
    return await asked
  } catch (error) {
    if ((error as FsError).code === 'EOPNOTSUPP') return undefined
    throw error
  }
}
