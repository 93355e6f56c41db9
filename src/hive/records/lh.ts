// Hash leaf (regf specification, "Hash leaf"): 0 'lh' · 2 count · 4 elements of key node offset and name hash. From version 1.5.
import { signature } from './cell.js'

/** The two letters. */
export const LH = signature('lh')
/** Bytes of an element. */
export const LH_ELEMENT = 8

/** The hash of an upper-cased name: h = 37 h + unit, in 32 bits. */
export function nameHash(upcased: string): number {
  let hash = 0
  for (let i = 0; i < upcased.length; i++) hash = (Math.imul(hash, 37) + upcased.charCodeAt(i)) >>> 0
  return hash
}
