// A process's claim on what it uses: a directory with a locked file. When the process is gone, in whatever way, the lock is too, and others sweep.

import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync, rmSync } from 'node:fs'
import { mkdir, readdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { unlessGone } from '../core/index.js'
import { native } from '../native/index.js'
import { openDirectory } from './durable.js'
import { O_CREAT, O_EXCL, O_RDWR } from './linux.js'
import { tryLock, withLock } from './lock.js'
import type { StorePaths } from './paths.js'
import { readOnlyError } from './read-only.js'
import { removeTree } from './tree/remove-tree.js'

const NEW = '.new-'
/** Between its making and its locking a lease looks dead; nobody takes this long. */
const MAKING_MS = 60_000

/** What one process (one opened store) holds. */
export class Lease {
  readonly #counts = new Map<string, number>()
  #serial = 0
  #fd: number | undefined

  private constructor(
    readonly id: string,
    readonly paths: StorePaths,
    fd: number | undefined,
    /** Whether nothing can be written: then nobody sees what this process uses. */
    readonly isReadOnly = false,
  ) {
    this.#fd = fd
  }

  /** A new lease of this process. */
  static async take(paths: StorePaths): Promise<Lease> {
    const id = `${process.pid}-${randomBytes(6).toString('hex')}`
    const making = join(paths.leases(), NEW + id)
    await mkdir(making, { mode: 0o700 })
    const fd = openSync(join(making, 'lock'), O_RDWR | O_CREAT | O_EXCL, 0o600)
    // Windows moves no directory in which a file is open.
    if (process.platform === 'win32') closeSync(fd)
    else native().flock(fd, true)
    const directory = join(paths.leases(), id)
    await rename(making, directory)
    if (process.platform !== 'win32') return new Lease(id, paths, fd)
    const locked = await unlessGone(async () => lockedNow(join(directory, 'lock')))
    // A sweeper was there first: it removes what it found unlocked.
    return locked === undefined ? Lease.take(paths) : new Lease(id, paths, locked)
  }

  /** What stands in for a lease on a store that cannot be written. */
  static none(paths: StorePaths): Lease {
    return new Lease('', paths, undefined, true)
  }

  /** To be called before anything is written. @throws StrataError `ERR_STORE_READ_ONLY` */
  checkWritable(what: string): void {
    if (this.isReadOnly) throw readOnlyError(what)
  }

  /** A name, unused until now, for something unfinished; swept when the process dies. @throws StrataError `ERR_STORE_READ_ONLY` */
  unusedName(): string {
    this.checkWritable('writing')
    return `${this.id}.${this.#serial++}`
  }

  /** A path for an unfinished file. */
  temporary(): string {
    return join(this.paths.temporary(), this.unusedName())
  }

  /** Whether this process keeps `key`. */
  holds(key: string): boolean {
    return this.#counts.has(key)
  }

  /** Keeps `key` (`blob-…`, `layer-…`, `mount-…`) from the collector. Counted: as many unpins release it. */
  pin(key: string): void {
    if (this.isReadOnly) return
    const count = this.#counts.get(key) ?? 0
    this.#counts.set(key, count + 1)
    if (count === 0) closeSync(openSync(join(this.paths.leases(), this.id, key), 'w', 0o600))
  }

  /** Takes one pin back. */
  unpin(key: string): void {
    if (this.isReadOnly) return
    const count = this.#counts.get(key) ?? 0
    if (count > 1) this.#counts.set(key, count - 1)
    else if (this.#counts.delete(key)) rmSync(join(this.paths.leases(), this.id, key), { force: true })
  }

  /** Ends the lease: what it kept is free, what it left unfinished is removed. */
  async release(): Promise<void> {
    if (this.#fd === undefined) return
    const fd = this.#fd
    this.#fd = undefined
    await removing(this.paths, this.id, () => closeSync(fd))
  }
}

/** The lock file, locked; undefined where it is somebody's, or gone. */
function lockedNow(path: string): number | undefined {
  const fd = openSync(path, O_RDWR)
  if (native().flock(fd, true) && existsSync(path)) return fd
  closeSync(fd)
  return undefined
}

/** What all live processes have pinned. Call it under the collector's lock. */
export async function pinnedKeys(paths: StorePaths): Promise<Set<string>> {
  const keys = new Set<string>()
  for (const id of await readdir(paths.leases())) {
    const pinned = await unlessGone(() => readdir(join(paths.leases(), id)))
    for (const key of pinned ?? []) keys.add(key)
  }
  return keys
}

/** Removes what dead processes left: their unfinished files, scratch directories and leases. */
export async function sweepDead(paths: StorePaths): Promise<void> {
  for (const id of await readdir(paths.leases())) {
    const lease = join(paths.leases(), id)
    if (id.startsWith(NEW) && !(await isOld(lease))) continue
    // No lock file: its removal was cut short (or is under way, and two may do it).
    const lock = await unlessGone(async () => ({ held: tryLock(join(lease, 'lock'), true, false) }))
    if (lock !== undefined && lock.held === undefined) continue
    await removing(paths, id, () => lock?.held?.release())
  }
}

/** Removes a lease and what it names, and lets go of its lock: last, so that nobody else removes it too. A file that is open keeps its directory on Windows:
 *  there the lock goes first, and those who remove wait for each other. */
async function removing(paths: StorePaths, id: string, unlock: () => void): Promise<void> {
  if (process.platform === 'win32') {
    unlock()
    return withLock(join(paths.locks(), 'sweep'), true, undefined, () => removeLeavings(paths, id))
  }
  try {
    await removeLeavings(paths, id)
  } finally {
    unlock()
  }
}

async function isOld(path: string): Promise<boolean> {
  const made = await unlessGone(() => stat(path))
  return made !== undefined && Date.now() - made.mtimeMs > MAKING_MS
}

/** The lease's directory goes last: until then a crash here is itself swept. */
async function removeLeavings(paths: StorePaths, id: string): Promise<void> {
  for (const place of [paths.temporary(), paths.sandboxes()]) {
    const names = (await readdir(place)).filter((name) => name.startsWith(`${id}.`))
    await removeAll(place, names)
  }
  await removeAll(paths.leases(), [id])
}

async function removeAll(directory: string, names: readonly string[]): Promise<void> {
  if (names.length === 0) return
  const fd = await openDirectory(directory)
  try {
    for (const name of names) await removeTree(fd.fd, name)
  } finally {
    await fd.close()
  }
}
