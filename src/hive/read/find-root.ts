// Finds the root key: where the base block says, else the first key node of the file that calls itself the root.
import { FormatError } from '../../core/index.js'
import { semanticsBits } from '../layer-bits.js'
import { CELL_ALIGN, CELL_HEADER } from '../records/cell.js'
import { KEY_FLAG, LAYER, NK } from '../records/nk.js'
import type { View } from '../view.js'
import { type LoadedKey, loadKey } from './load-key.js'
import type { Source } from './source.js'

/** @throws FormatError where no root key can be found */
export function findRoot(source: Source, bins: View, offset: number): LoadedKey {
  const root = search(source, bins, offset)
  const { layerBits } = root.stored
  if (!source.isLayered || (layerBits & LAYER.semantics) !== semanticsBits('tombstone')) return root
  source.warnings.add('the root key is a tombstone, which no root can be: it counts as supersede-tree')
  return { ...root, stored: { ...root.stored, layerBits: layerBits | semanticsBits('supersede-tree') } }
}

function search(source: Source, bins: View, offset: number): LoadedKey {
  const where = () => 'the root key'
  const named = source.warnings.attempt(where, undefined, () => loadKey(source, offset, where))
  if (named !== undefined) return named
  for (let at = 0; at + 8 <= bins.size - CELL_HEADER; at += CELL_ALIGN) {
    if (bins.u16(at + CELL_HEADER) !== NK || (bins.u16(at + CELL_HEADER + 2) & KEY_FLAG.hiveEntry) === 0) continue
    const found = source.warnings.attempt(where, undefined, () => loadKey(source, at, where))
    if (found !== undefined) return found
  }
  throw new FormatError('there is no root key', { offset: bins.origin })
}
