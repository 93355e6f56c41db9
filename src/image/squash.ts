// Several layers as one.
import { joinPath, UnsupportedError } from '../core/index.js'
import { type Change, type InodeEntry, type Layer, type LayerFromChangesOptions, layerFromOrdered } from '../layer/index.js'
import { imageOf, partsOf } from './compose.js'
import { completeHistory, splitHistory } from './history.js'
import type { Image } from './image.js'
import { type MergedPath, mergeLayers } from './merge.js'

/** How an image is squashed; compression and spool are those of the new layer. */
export interface SquashOptions extends LayerFromChangesOptions {
  /** Number of layers at the bottom that stay as they are. Default: 0. */
  readonly keep?: number | undefined
}

/** The image with its layers (those above the first `keep`) as one that gives the same tree. Contents are streamed: each layer is read twice.
 *  @throws FormatError for layers that make no tree */
export async function squash(image: Image, options: SquashOptions = {}): Promise<Image> {
  const { keep = 0, ...layerOptions } = options
  const parts = await partsOf(image)
  if (!Number.isSafeInteger(keep) || keep < 0 || keep > parts.layers.length) {
    throw new RangeError(`squash: keep must be an integer from 0 to ${parts.layers.length}, not ${keep}`)
  }
  const stack = parts.layers.slice(keep)
  if (stack.length === 0) return image
  // Each layer's registry changes stand on those of the layer below: the last file of a name is not all of them.
  if (parts.config.os === 'windows' && stack.length > 1)
    throw new UnsupportedError('squash: the layers of a Windows image cannot be made one', { remedy: 'build the image in fewer steps' })
  const rows = await mergeLayers(stack, { isPartial: keep > 0 })
  const layer = await layerFromOrdered(changesOf(stack, rows, keep > 0), layerOptions)
  const layers = [...parts.layers.slice(0, keep), layer]
  const [below, above] = splitHistory(completeHistory(parts.config), keep)
  const created = above.at(-1)?.created
  const squashed = { comment: `squashed ${stack.length} layers`, ...(created === undefined ? {} : { created }) }
  return imageOf({
    ...parts,
    layers,
    config: {
      ...parts.config,
      rootfs: { type: 'layers', diff_ids: layers.map((each) => each.diffId) },
      history: [...(keep === 0 ? [] : below), squashed],
    },
  })
}

// Directories first, then files as the layers give them (a stream cannot be sorted), then the other names of those files.
async function* changesOf(stack: readonly Layer[], rows: readonly MergedPath[], isPartial: boolean): AsyncGenerator<Change> {
  const firstNames = new Map<string, MergedPath>()
  const links: Change[] = []
  for (const row of rows) {
    const { inode } = row
    if (inode?.entry.type === 'directory') {
      yield add({ ...inode.entry, path: row.path, opaque: isPartial && row.isOpaque })
    } else if (inode !== undefined) {
      const key = `${inode.layer}:${inode.ordinal}`
      const first = firstNames.get(key)
      if (first === undefined) firstNames.set(key, row)
      else links.push(linkTo(row.path, first.path, inode.entry))
    }
    if (!isPartial) continue
    // No layer has an entry for it, but it hides what is below: it needs one now.
    if (inode === undefined && row.isOpaque) yield add({ ...IMPLICIT, path: row.path })
    for (const name of row.whiteouts) yield { kind: 'delete', path: joinPath(row.path, name) }
  }
  for (const [index, layer] of stack.entries()) {
    let ordinal = 0
    for await (const entry of layer.entries()) {
      const row = firstNames.get(`${index}:${ordinal++}`)
      if (row !== undefined) yield add({ ...(entry as InodeEntry), path: row.path })
    }
  }
  yield* links
  for (const { path, below } of rows) {
    if (below !== undefined) yield add({ type: 'hardlink', path, target: below, mode: 0o644, uid: 0, gid: 0, mtimeNs: 0n, xattrs: {} })
  }
}

const IMPLICIT = { type: 'directory', opaque: true, mode: 0o755, uid: 0, gid: 0, mtimeNs: 0n, xattrs: {} } as const

const add = (entry: InodeEntry): Change => ({ kind: 'add', path: entry.path, entry })

const linkTo = (path: string, target: string, { mode, uid, gid, mtimeNs }: InodeEntry): Change =>
  add({ type: 'hardlink', path, target, mode, uid, gid, mtimeNs, xattrs: {} })
