// Finds one subkey by its hash in the list, without reading the others: of a key with many thousands, one is often all that is wanted.
import { FormatError } from '../../core/index.js'
import { DEPTH_MAX } from '../key.js'
import { nameHash } from '../records/lh.js'
import { parseKeyNode } from '../records/nk.js'
import { hashedOffsets, leavesOf } from '../records/subkey-list.js'
import { upcase } from '../upcase.js'
import { type LoadedKey, loadKey } from './load-key.js'
import { checkOwner, label, type Parent } from './load-subkeys.js'
import type { Source } from './source.js'

/** Undefined says nothing: the key may not be there, the list may have no hashes, anything may be damaged. Reading all subkeys tells. */
export function findSubkey(source: Source, parent: Parent, upcased: string): LoadedKey | undefined {
  if (parent.depth >= DEPTH_MAX) return undefined
  const hash = nameHash(upcased)
  try {
    checkOwner(source, parent, parent.links.subkeyList)
    for (const leaf of leavesOf(source.cells.peek(parent.links.subkeyList), (offset) => source.cells.peek(offset))) {
      for (const offset of hashedOffsets(leaf, hash)) {
        const node = parseKeyNode(source.cells.peek(offset))
        if (node.parent === parent.offset && upcase(node.name) === upcased) return loadKey(source, offset, () => label(parent))
      }
    }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
  }
  return undefined
}
