// Layers for tests, written as lists.
import type { LayerEntry } from '../../../src/layer/index.js'
import { UnionFs, type UnionFsOptions } from '../../../src/unionfs/index.js'

const described = { mode: 0o644, uid: 0, gid: 0, mtimeNs: 1_000_000_000n, xattrs: {} }

/** A regular file; `reads` is called whenever its content is opened. */
export const file = (path: string, text = '', more: object = {}, reads: () => void = () => undefined): LayerEntry => {
  const bytes = new TextEncoder().encode(text)
  async function* content() {
    reads()
    if (bytes.length > 0) yield bytes
  }
  return { ...described, type: 'file', path, size: bytes.length, content, ...more }
}
export const directory = (path: string, more: object = {}): LayerEntry => ({ ...described, mode: 0o755, type: 'directory', path, ...more })
export const symlink = (path: string, target: string): LayerEntry => ({ ...described, type: 'symlink', path, target })
export const hardlink = (path: string, target: string): LayerEntry => ({ ...described, type: 'hardlink', path, target })
export const whiteout = (path: string): LayerEntry => ({ type: 'whiteout', path })
export const opaque = (path: string): LayerEntry => ({ type: 'opaque', path })

/** A view of layers given as lists, lowest first. The clock stands at `NOW_NS`. */
export const view = (layers: readonly (readonly LayerEntry[])[], options: UnionFsOptions = {}): Promise<UnionFs> =>
  UnionFs.of(
    layers.map((entries) => ({
      async *entries() {
        yield* entries
      },
    })),
    { nowNs: () => NOW_NS, ...options },
  )
export const NOW_NS = 1_700_000_000_000_000_000n

/** `kind path` of all changes. */
export async function changesOf(fs: UnionFs): Promise<string[]> {
  const out: string[] = []
  for await (const { kind, path } of fs.changes()) out.push(`${kind} ${path}`)
  return out
}
