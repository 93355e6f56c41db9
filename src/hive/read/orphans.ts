// Key nodes by the parent they name: finds again what a damaged list of subkeys has lost.
import { NK } from '../records/nk.js'
import type { Cells } from './cells.js'

const PARENT_AT = 16
const NODE_MIN = 76

/** Parent offset → offsets of key nodes, in the order of the file. */
export function indexByParent(cells: Cells): Map<number, number[]> {
  const byParent = new Map<number, number[]>()
  for (const offset of cells.allocated()) {
    const cell = cells.peek(offset)
    if (cell.size < NODE_MIN || cell.u16(0) !== NK) continue
    const parent = cell.u32(PARENT_AT)
    const siblings = byParent.get(parent)
    if (siblings === undefined) byParent.set(parent, [offset])
    else siblings.push(offset)
  }
  return byParent
}
