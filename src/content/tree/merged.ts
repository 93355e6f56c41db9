// Layers one over the other in one plain tree: what a layer hides is removed (image-spec layer.md, "Applying Changesets").
import { FormatError } from '../../core/index.js'
import type { LayerEntry } from '../../layer/entry.js'
import { plainDirectory } from './overlay.js'
import type { TreeWriter } from './writer.js'

/** Applies one layer over the tree so far. The entries are read twice: a whiteout acts on lower layers only, wherever in the layer it stands, so all of them
 *  are acted on before anything of the layer is written. @throws FormatError for entries that contradict each other */
export async function applyMerged(
  writer: TreeWriter,
  layer: { entries(): AsyncIterable<LayerEntry> },
  options: { isLowest: boolean; signal?: AbortSignal | undefined },
): Promise<void> {
  if (!options.isLowest) {
    for await (const entry of layer.entries()) {
      options.signal?.throwIfAborted()
      await hide(writer, entry)
    }
  }
  const written = new Set<string>()
  for await (const entry of layer.entries()) {
    options.signal?.throwIfAborted()
    await add(writer, entry, written, options.signal)
  }
}

async function hide(writer: TreeWriter, entry: LayerEntry): Promise<void> {
  if (entry.type === 'whiteout') {
    if (writer.tree.lstat(entry.path) !== undefined) await writer.remove(entry.path)
  } else if (entry.type === 'opaque' || (entry.type === 'directory' && entry.opaque === true)) {
    if (writer.isDirectory(entry.path)) await writer.empty(entry.path)
  }
}

async function add(writer: TreeWriter, entry: LayerEntry, written: Set<string>, signal: AbortSignal | undefined): Promise<void> {
  if (entry.type === 'whiteout' || entry.type === 'opaque') return
  if (entry.path === '/' && entry.type !== 'directory') throw new FormatError('the root can only be a directory')
  for (const at of writer.missingParents(entry.path)) {
    // A link or file of a lower layer gives way, as under an overlay; one of this layer is a contradiction (or an attack).
    if (written.has(at)) throw new FormatError(`${entry.path}: ${at} is not a directory`)
    await writer.directory(plainDirectory(at))
  }
  if (entry.type === 'directory') written.delete(entry.path)
  else written.add(entry.path)
  switch (entry.type) {
    case 'directory':
      await writer.directory(entry)
      return
    case 'file':
      return writer.file(entry, signal)
    case 'symlink':
      return writer.symlink(entry)
    case 'fifo':
      return writer.fifo(entry)
    case 'hardlink':
      return writer.hardLink(entry)
    case 'char':
    case 'block':
      if (!(await writer.device(entry))) await writer.remove(entry.path)
      return
  }
}
