// Files and trees of the host, of another image or of a union view, into the image.
import { fileURLToPath } from 'node:url'
import { baseName, FormatError, imagePath, joinPath } from '../../core/index.js'
import { compileIgnore, type Ignore } from '../ignore.js'
import type { DraftEntry, LayerDraft } from '../layer-draft.js'
import type { Owner } from '../owner.js'
import type { CopySource, SourceEntry } from './copy-source.js'

/** What `copy` is to do, checked. */
export interface CopySpec {
  /** Absolute in the image; a trailing slash says that it is a directory. */
  readonly to: string
  readonly owner: Owner
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

interface Pending {
  readonly path: string
  readonly mode: number
  readonly xattrs: SourceEntry['xattrs']
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

  /** A directory with its content. The top one is made like any missing parent; those in it are the source's. */
  async directory(from: string, to: string, entry: SourceEntry, isTop: boolean): Promise<void> {
    await this.#make(isTop ? { path: to, mode: 0o755, xattrs: {} } : { path: to, mode: entry.mode, xattrs: entry.xattrs })
    await this.#content(from, to, [])
  }

  /** `pending`: ignored directories on the way, made only where something in them is an exception. */
  async #content(from: string, to: string, pending: readonly Pending[]): Promise<void> {
    for (const name of await this.source.readdir(from)) {
      this.signal?.throwIfAborted()
      const child = from === '' ? name : `${from}/${name}`
      const found = await this.source.lstat(child)
      const isDirectory = found.type === 'directory'
      const isIgnored = this.#ignore.ignores(child)
      if (isIgnored && !(isDirectory && this.#ignore.hasExceptions)) continue
      const target = await this.draft.tree.resolve(joinPath(to, name), { last: isDirectory })
      if (isIgnored) {
        await this.#content(child, target, [...pending, { path: target, mode: found.mode, xattrs: found.xattrs }])
        continue
      }
      for (const each of pending) await this.#make(each)
      if (isDirectory) await this.directory(child, target, found, false)
      else await this.entry(child, target, found)
    }
  }

  async #make({ path, mode, xattrs }: Pending): Promise<void> {
    if (path === '/') return
    await this.draft.directory({ path, mode: this.spec.mode ?? mode, xattrs, ...this.spec.owner })
  }

  async entry(from: string, to: string, entry: SourceEntry): Promise<void> {
    const base = { path: to, ...this.spec.owner, mode: this.spec.mode ?? entry.mode, xattrs: entry.xattrs }
    if (entry.type === 'symlink') return this.draft.add({ ...base, mode: 0o777, type: 'symlink', target: entry.target })
    if (entry.linkId !== undefined) {
      const first = this.#links.get(entry.linkId)
      if (first !== undefined) return this.draft.add({ ...base, xattrs: {}, type: 'hardlink', target: first })
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
