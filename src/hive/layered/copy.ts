// Copies a key and all below it into a hive.
import type { HiveKey } from '../hive-key.js'
import { LAYER } from '../records/nk.js'
import type { TreeKey } from './tree.js'

/** Copies values and subkeys of `from`. `layerBits`: of every key that is made. */
export function copyContent(from: TreeKey, to: HiveKey, layerBits: number): void {
  for (const value of from.storedValues()) to.putValue(value)
  for (const subkey of from.sortedSubkeys()) copyTree(subkey, to, layerBits)
}

/** Copies `from` as a subkey of `parent`. */
export function copyTree(from: TreeKey, parent: HiveKey, layerBits: number): void {
  const kept = from.stored.layerBits & ~(LAYER.semantics | LAYER.inheritClass)
  copyContent(from, parent.putSubkey({ ...from.stored, layerBits: kept | layerBits }), layerBits)
}
