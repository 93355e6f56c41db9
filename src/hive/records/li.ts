// Index leaf (regf specification, "Index leaf"): 0 'li' · 2 count · 4 key node offsets.
import { signature } from './cell.js'

/** The two letters. */
export const LI = signature('li')
/** Bytes of an element. */
export const LI_ELEMENT = 4
