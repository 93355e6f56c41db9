// The tree that an image has so far, as paths and metadata: where links lead, which directories are there.
import { FormatError, joinPath, parentPath } from '../core/index.js'
import { type Image, mergeLayers } from '../image/index.js'
import type { Change, InodeEntry, Layer, LayerEntry } from '../layer/index.js'

/** What the builder needs to know of what lies below its layers. */
export interface Base {
  /** What is at exactly this path (its directory is none of the image's links); undefined: nothing. */
  find(path: string): Promise<TreeEntry | undefined>
}

/** An entry, or a directory that no layer describes (or that is the host's and stays as it is). */
export type TreeEntry = InodeEntry | { readonly type: 'plain directory' }

const HOPS_MAX = 40

/** Nothing below. */
export const emptyBase: Base = { find: async (path) => (path === '/' ? { type: 'plain directory' } : undefined) }

type Rows = ReadonlyMap<string, TreeEntry>

/** Trees of the last bases, by kind and layers: a build that is made again and again puts its base together once. */
const recent = new Map<string, Rows>()
const RECENT_MAX = 2
const RECENT_ROWS_MAX = 100_000

/** The tree of an image's layers, put together when first asked. `entries` gives what is in a layer; `kind` names how. */
export function imageBase(image: Image, kind: 'as stored' | 'windows', entries: (layer: Layer) => Promise<readonly LayerEntry[]>): Base {
  let rows: Promise<Rows> | undefined
  return {
    async find(path) {
      rows ??= treeOf(await image.layers(), kind, entries)
      return (await rows).get(path)
    },
  }
}

async function treeOf(layers: readonly Layer[], kind: string, entries: (layer: Layer) => Promise<readonly LayerEntry[]>): Promise<Rows> {
  const key = [kind, ...layers.map((layer) => layer.diffId)].join(' ')
  const rows = recent.get(key) ?? (await mergedRows(layers.map((layer) => withEntries(layer, () => entries(layer)))))
  recent.delete(key)
  if (rows.size <= RECENT_ROWS_MAX) recent.set(key, rows)
  for (const oldest of [...recent.keys()].slice(0, -RECENT_MAX)) recent.delete(oldest)
  return rows
}

async function mergedRows(layers: readonly Layer[]): Promise<Rows> {
  const merged = await mergeLayers(layers)
  return new Map(merged.map(({ path, inode }) => [path, inode === undefined ? { type: 'plain directory' } : { ...inode.entry, path }]))
}

function withEntries(layer: Layer, list: () => Promise<readonly LayerEntry[]>): Layer {
  const { digest, diffId, size, mediaType } = layer
  const entries = async function* () {
    yield* await list()
  }
  return { digest, diffId, size, mediaType, entries, compressed: () => layer.compressed(), uncompressed: () => layer.uncompressed() }
}

/** The tree as the builder's steps change it. */
export class BuildTree {
  readonly #changed = new Map<string, TreeEntry | 'deleted'>()

  constructor(readonly base: Base) {}

  /** What is at `path` itself; nothing on the way is followed. */
  async find(path: string): Promise<TreeEntry | undefined> {
    const own = this.#changed.get(path)
    if (own !== undefined) return own === 'deleted' ? undefined : own
    return this.#isHidden(path) ? undefined : this.base.find(path)
  }

  async isDirectory(path: string): Promise<boolean> {
    const found = await this.find(path)
    return found?.type === 'directory' || found?.type === 'plain directory'
  }

  /** `path` with the links of the image followed on the way (and, with `last`, at its end). What does not exist is kept as it is written.
   *  @throws FormatError for a circle of links */
  async resolve(path: string, options: { readonly last: boolean } = { last: false }): Promise<string> {
    let todo = path.split('/').filter((part) => part !== '')
    let at = '/'
    for (let hops = 0; todo.length > 0; ) {
      const [part, ...rest] = todo as [string, ...string[]]
      todo = rest
      if (part === '.') continue
      if (part === '..') {
        at = parentPath(at)
        continue
      }
      const next = joinPath(at, part)
      const found = rest.length > 0 || options.last ? await this.find(next) : undefined
      if (found?.type !== 'symlink') {
        at = next
        continue
      }
      if (++hops > HOPS_MAX) throw new FormatError(`${path}: links in a circle`)
      if (found.target.startsWith('/')) at = '/'
      todo = [...found.target.split('/').filter((name) => name !== ''), ...todo]
    }
    return at
  }

  /** Takes note of what a layer changed. */
  apply(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind === 'delete' || change.entry.type !== 'directory') this.#dropBelow(change.path)
      this.#changed.set(change.path, change.kind === 'delete' ? 'deleted' : change.entry)
    }
  }

  #dropBelow(path: string): void {
    for (const known of this.#changed.keys()) if (known.startsWith(`${path}/`)) this.#changed.delete(known)
  }

  /** Whether a directory on the way to `path` was deleted or replaced. */
  #isHidden(path: string): boolean {
    for (let at = path; at !== '/'; at = parentPath(at)) {
      const own = this.#changed.get(at)
      if (own === 'deleted') return true
      if (own !== undefined && own.type !== 'directory' && own.type !== 'plain directory') return at !== path
    }
    return false
  }
}
