// Index root (regf specification, "Index root"): 0 'ri' · 2 count · 4 offsets of leaves; never of another root.
import { signature } from './cell.js'

/** The two letters. */
export const RI = signature('ri')
/** Bytes of an element. */
export const RI_ELEMENT = 4
