// Files and trees of the host, of another image or of a union view, into the image.
import { fileURLToPath } from 'node:url'
import { baseName, FormatError, imagePath, joinPath } from '../../core/index.js'
import { compileIgnore, type Ignore } from '../ignore.js'
import type { DraftEntry, LayerDraft } from '../layer-draft.js'
import type { CopySource, SourceEntry } from './copy-source.js'

/** Owner of what is copied. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

/** What `copy` is to do, checked. */
export interface CopySpec {
  /** Absolute in the image; a trailing slash says that it is a directory. */
  readonly to: string
  /** undefined: root's. */
  readonly owner: Owner | undefined
  /** Permission bits of files and directories; undefined: as they are. */
  readonly mode: number | undefined
  readonly ignore: readonly string[]
}

/** Copies a file to `to` (into it, where it is a directory), or a directory's content into `to`. */
export async function addCopy(draft: LayerDraft, source: CopySource, spec: CopySpec, signal: AbortSignal | undefined): Promise<void> {
  const top = await source.lstat('')
  const to = await draft.tree.resolve(imagePath(spec.to), { last: true })
  const copier = new Copier(draft, source, spec, signal)
  if (top.type === 'directory') {
    await copier.directory('', to, top, true)
    return
  }
  const isInto = spec.to.endsWith('/') || (await draft.tree.isDirectory(to))
  await copier.entry('', isInto ? joinPath(to, source.name) : to, top)
}

class Copier {
  readonly #ignore: Ignore
  /** First path in the image of each file with several names. */
  readonly #links = new Map<string, string>()

  constructor(
    readonly draft: LayerDraft,
    readonly source: CopySource,
    readonly spec: CopySpec,
    readonly signal: AbortSignal | undefined,
  ) {
    this.#ignore = compileIgnore(spec.ignore)
  }

  async directory(from: string, to: string, entry: SourceEntry, isTop: boolean): Promise<void> {
    const owner = this.spec.owner ?? { uid: 0, gid: 0 }
    // The directory copied into is made like any missing parent; those in it are the source's.
    const mode = this.spec.mode ?? (isTop ? 0o755 : entry.mode)
    if (to !== '/') await this.draft.directory({ path: to, mode, ...owner })
    for (const name of await this.source.readdir(from)) {
      this.signal?.throwIfAborted()
      const child = from === '' ? name : `${from}/${name}`
      const found = await this.source.lstat(child)
      const isIgnored = this.#ignore.ignores(child)
      if (isIgnored && (found.type !== 'directory' || !this.#ignore.hasExceptions)) continue
      const target = await this.draft.tree.resolve(joinPath(to, name), { last: found.type === 'directory' })
      if (found.type !== 'directory') await this.entry(child, target, found)
      else if (isIgnored) await this.#exceptions(child, target, found)
      else await this.directory(child, target, found, false)
    }
  }

  async entry(from: string, to: string, entry: SourceEntry): Promise<void> {
    const base = { path: to, ...(this.spec.owner ?? { uid: 0, gid: 0 }), mode: this.spec.mode ?? entry.mode }
    if (entry.type === 'symlink') return this.draft.add({ ...base, mode: 0o777, type: 'symlink', target: entry.target })
    if (entry.linkId !== undefined) {
      const first = this.#links.get(entry.linkId)
      if (first !== undefined) return this.draft.add({ ...base, type: 'hardlink', target: first })
      this.#links.set(entry.linkId, to)
    }
    const made: DraftEntry =
      entry.type === 'file'
        ? { ...base, type: 'file', size: entry.size, content: () => this.source.read(from) }
        : entry.type === 'fifo'
          ? { ...base, type: 'fifo' }
          : refuse(from)
    await this.draft.add(made)
  }

  /** An ignored directory: made only where something in it is an exception. */
  async #exceptions(from: string, to: string, entry: SourceEntry): Promise<void> {
    for (const name of await this.source.readdir(from)) {
      const child = `${from}/${name}`
      const found = await this.source.lstat(child)
      const target = joinPath(to, name)
      if (found.type === 'directory') {
        if (this.#ignore.ignores(child)) await this.#exceptions(child, target, found)
        else await this.#below(to, entry, () => this.directory(child, target, found, false))
      } else if (!this.#ignore.ignores(child)) await this.#below(to, entry, () => this.entry(child, target, found))
    }
  }

  async #below(path: string, entry: SourceEntry, add: () => Promise<void>): Promise<void> {
    await this.draft.directory({ path, mode: this.spec.mode ?? entry.mode, ...(this.spec.owner ?? { uid: 0, gid: 0 }) })
    await add()
  }
}

function refuse(path: string): never {
  throw new FormatError(`copy: ${path} is a socket or a device; leave it out with ignore`)
}

/** A host path, of a string or a file URL. @throws TypeError for other URLs */
export function hostPathOf(from: string | URL): string {
  if (typeof from === 'string') return from
  if (from.protocol !== 'file:') throw new TypeError(`copy: not a file URL: ${from.protocol}`)
  return fileURLToPath(from)
}

/** The last part of a path that may end in slashes. */
export const lastName = (path: string): string => baseName(imagePath(path))
