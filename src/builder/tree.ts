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

/** The tree of an image's layers, put together when first asked. `entries` gives what is in a layer. */
export function imageBase(image: Image, entries: (layer: Layer) => Promise<readonly LayerEntry[]>): Base {
  let rows: Promise<ReadonlyMap<string, TreeEntry>> | undefined
  const read = async (): Promise<ReadonlyMap<string, TreeEntry>> => {
    const layers = (await image.layers()).map((layer) => withEntries(layer, () => entries(layer)))
    const merged = await mergeLayers(layers)
    return new Map(merged.map(({ path, inode }) => [path, inode === undefined ? { type: 'plain directory' } : { ...inode.entry, path }]))
  }
  return {
    async find(path) {
      rows ??= read()
      return (await rows).get(path)
    },
  }
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
