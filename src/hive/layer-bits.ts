// Layer semantics as two bits of a key node's byte 13 (regf specification, "Layered keys").
import type { LayerSemantics } from './key.js'
import { LAYER } from './records/nk.js'

const SEMANTICS = ['merge', 'tombstone', 'supersede-local', 'supersede-tree'] as const

/** The name of the two bits. */
export const semanticsOf = (layerBits: number): LayerSemantics => SEMANTICS[layerBits & LAYER.semantics]!

/** The two bits for a name. @throws TypeError for any other */
export function semanticsBits(semantics: LayerSemantics): number {
  const bits = SEMANTICS.indexOf(semantics)
  if (bits < 0) throw new TypeError(`not a layer semantics: ${String(semantics)} (known: ${SEMANTICS.join(', ')})`)
  return bits
}
