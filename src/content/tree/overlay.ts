// A layer as an overlayfs lower directory: what it hides becomes char 0:0 devices and `user.overlay.opaque` (kernel overlayfs.rst, "whiteouts and opaque
// directories"; image-spec layer.md, "Whiteouts").
import { comparePaths, FormatError } from '../../core/index.js'
import type { DirectoryEntry, HardLinkEntry, InodeEntry, LayerEntry } from '../../layer/entry.js'
import { ancestors, isWhiteout } from './lower.js'
import type { Metadata } from './metadata.js'
import type { TreeWriter } from './writer.js'

/** What the layers below show at a path. */
export type FindLower = (path: string) => Promise<InodeEntry | undefined>

/** A directory that no layer describes. */
export const plainDirectory = (path: string): Omit<DirectoryEntry, 'type'> => ({
  path,
  mode: 0o755,
  uid: 0,
  gid: 0,
  mtimeNs: 0n,
  xattrs: {},
})

/** What `applyOverlay` has to tell beside the tree. */
export interface Applied {
  /** The layer says something only in view of those below (a whiteout, a directory it does not describe, a hard link down): its tree fits this chain alone. */
  readonly dependsOnLower: boolean
  /** The layer's own entry for '/'. */
  readonly root: Metadata | undefined
}

/** Writes all of a layer. @throws FormatError for entries that contradict each other */
export async function applyOverlay(
  writer: TreeWriter,
  entries: AsyncIterable<LayerEntry>,
  findLower: FindLower,
  signal?: AbortSignal,
): Promise<Applied> {
  const layer = new OverlayLayer(writer, findLower)
  for await (const entry of entries) {
    signal?.throwIfAborted()
    await layer.add(entry, signal)
  }
  await layer.hide()
  writer.finish()
  return layer
}

class OverlayLayer implements Applied {
  dependsOnLower = false
  root: Metadata | undefined
  // Acted on last: only then is it known what this layer itself has, which they do not touch, and where a lower layer can be seen at all. (A whiteout
  // where there is nothing to hide would show up in the listing of a directory that is not merged.)
  readonly #whiteouts = new Set<string>()
  readonly #opaque = new Set<string>()
  readonly #copiedUp = new Set<string>()

  constructor(
    readonly writer: TreeWriter,
    readonly findLower: FindLower,
  ) {}

  async add(entry: LayerEntry, signal: AbortSignal | undefined): Promise<void> {
    if (entry.type === 'whiteout') return void this.#whiteouts.add(entry.path)
    if (entry.type === 'opaque') return void this.#opaque.add(entry.path)
    if (entry.path === '/' && entry.type !== 'directory') throw new FormatError('the root can only be a directory')
    await this.#parents(entry.path)
    this.#copiedUp.delete(entry.path)
    switch (entry.type) {
      case 'directory':
        if (entry.path === '/') this.root = entry
        if (entry.opaque === true) this.#opaque.add(entry.path)
        await this.writer.directory(entry)
        return
      case 'file':
        return this.writer.file(entry, signal)
      case 'symlink':
        return this.writer.symlink(entry)
      case 'fifo':
        return this.writer.fifo(entry)
      case 'hardlink':
        return this.#hardLink(entry, signal)
      case 'char':
      case 'block':
        // The overlay would read it as a whiteout, and an image cannot mean that.
        if (entry.type === 'char' && entry.major === 0 && entry.minor === 0) throw new FormatError(`${entry.path}: a device 0:0 in a layer`)
        if (!(await this.writer.device(entry))) this.#whiteouts.add(entry.path)
        return
    }
  }

  /** Hides what the layer hides. */
  async hide(): Promise<void> {
    const sealed = new Set<string>()
    const seal = (path: string): void => {
      this.writer.opaque(path)
      sealed.add(path)
    }
    for (const path of this.#opaque) {
      if (this.#state(path) === 'absent' && (await this.#lower(path))?.type === 'directory') await this.#parents(`${path}/x`)
      if (this.#state(path) === 'directory') seal(path)
    }
    for (const path of [...this.#whiteouts].sort(comparePaths)) {
      if (this.#copiedUp.has(path)) await this.writer.remove(path)
      const state = this.#state(path)
      if (state === 'directory') seal(path)
      if (state !== 'absent' || ancestors(path).some((directory) => sealed.has(directory))) continue
      if ((await this.#lower(path)) === undefined) continue
      await this.#parents(path)
      await this.writer.whiteout(path)
    }
  }

  /** Makes the directories that `path` is in and that the layer has not described (yet), as the layers below have them. */
  async #parents(path: string): Promise<void> {
    for (const at of this.writer.missingParents(path)) {
      if (this.#state(at) === 'other') throw new FormatError(`${path}: ${at} is not a directory`)
      const lower = this.#whiteouts.has(at) ? undefined : await this.#lower(at)
      await this.writer.directory(lower?.type === 'directory' ? lower : plainDirectory(at))
    }
  }

  async #hardLink(entry: HardLinkEntry, signal: AbortSignal | undefined): Promise<void> {
    if (this.#state(entry.target) === 'absent' && !this.#whiteouts.has(entry.target)) {
      const lower = await this.#lower(entry.target)
      // As the kernel's copy-up does: the lower file gets a copy here, and the two names share it.
      if (lower !== undefined && lower.type !== 'directory') {
        await this.add(lower, signal)
        this.#copiedUp.add(entry.target)
      }
    }
    await this.writer.hardLink(entry)
  }

  #lower(path: string): Promise<InodeEntry | undefined> {
    this.dependsOnLower = true
    return this.findLower(path)
  }

  /** What this layer itself has at `path` by now. */
  #state(path: string): 'absent' | 'directory' | 'other' {
    if (this.writer.isDirectory(path)) return 'directory'
    const stat = this.writer.tree.lstat(path)
    return stat === undefined || isWhiteout(stat) ? 'absent' : 'other'
  }
}
