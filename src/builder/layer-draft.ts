// One layer being put together: entries by path, the directories they are in, everything with the build's own time.
import { FormatError, parentPath } from '../core/index.js'
import type { Change, InodeEntry } from '../layer/index.js'
import type { BuildTree, TreeEntry } from './tree.js'

type Without<T> = T extends InodeEntry ? Omit<T, 'mtimeNs' | 'xattrs'> & { readonly xattrs?: InodeEntry['xattrs'] } : never
/** An entry as a step gives it: the time is the draft's. Without attributes unless said. */
export type DraftEntry = Without<InodeEntry>

/** Changes on top of a tree. */
export class LayerDraft {
  readonly #changes = new Map<string, Change>()

  constructor(
    readonly tree: BuildTree,
    readonly mtimeNs: bigint,
  ) {}

  /** Adds an entry, and the directories that it is in: those of the image as they are, new ones 0755 and root's.
   *  @throws FormatError where one of them is a file */
  async add(entry: DraftEntry): Promise<void> {
    await this.#parents(entry.path)
    if (entry.type !== 'directory' && (await this.tree.isDirectory(entry.path))) throw new FormatError(`${entry.path} is a directory`)
    const isNew = (await this.tree.find(entry.path)) === undefined
    const full = { xattrs: {}, ...entry, mtimeNs: this.mtimeNs } as InodeEntry
    this.#changes.set(entry.path, { kind: isNew ? 'add' : 'modify', path: entry.path, entry: full })
  }

  /** Adds a directory; one that the image (or this draft) has already keeps its owner and mode. */
  async directory(entry: Pick<InodeEntry, 'path' | 'mode' | 'uid' | 'gid' | 'xattrs'>): Promise<void> {
    if (this.#isDirectory(entry.path)) return
    if (await this.tree.isDirectory(entry.path)) await this.#existing(entry.path)
    else await this.add({ ...entry, type: 'directory' })
  }

  /** Deletes what the image has at `path`. */
  async delete(path: string): Promise<void> {
    await this.#parents(path)
    this.#changes.set(path, { kind: 'delete', path })
  }

  /** What is at `path` itself with this draft applied. */
  async find(path: string): Promise<TreeEntry | undefined> {
    const change = this.#changes.get(path)
    if (change === undefined) return this.tree.find(path)
    return change.kind === 'delete' ? undefined : change.entry
  }

  /** Whether this draft changes `path`. */
  has(path: string): boolean {
    return this.#changes.has(path)
  }

  changes(): readonly Change[] {
    return [...this.#changes.values()]
  }

  async #parents(path: string): Promise<void> {
    const missing: string[] = []
    for (let at = parentPath(path); at !== '/' && !this.#changes.has(at); at = parentPath(at)) missing.unshift(at)
    for (const at of missing) {
      const found = await this.tree.find(at)
      if (found === undefined) {
        const entry: InodeEntry = { type: 'directory', path: at, mode: 0o755, uid: 0, gid: 0, mtimeNs: this.mtimeNs, xattrs: {} }
        this.#changes.set(at, { kind: 'add', path: at, entry })
      } else await this.#existing(at)
    }
    const parent = this.#changes.get(parentPath(path))
    if (parent !== undefined && !this.#isDirectory(parent.path)) throw new FormatError(`${path}: ${parent.path} is not a directory`)
  }

  /** Named in the layer with what it has: a tool that unpacks the layer alone would otherwise make it up. */
  async #existing(path: string): Promise<void> {
    const found = await this.tree.find(path)
    if (found?.type === 'plain directory') return
    if (found?.type !== 'directory') throw new FormatError(`${path} is not a directory`)
    const { opaque: _, ...entry } = { opaque: undefined, ...found }
    this.#changes.set(path, { kind: 'modify', path, entry })
  }

  #isDirectory(path: string): boolean {
    const change = this.#changes.get(path)
    return change !== undefined && change.kind !== 'delete' && change.entry.type === 'directory'
  }
}
