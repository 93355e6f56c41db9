// Fast leaf (regf specification, "Fast leaf"): 0 'lf' · 2 count · 4 elements of key node offset and name hint, the first four characters.
import { signature } from './cell.js'

/** The two letters. */
export const LF = signature('lf')
/** Bytes of an element. */
export const LF_ELEMENT = 8

/** The hint for a name, as the u32 it is stored as; 0 where one of the four characters has no single byte. */
export function nameHint(name: string): number {
  let hint = 0
  for (let i = 0; i < Math.min(4, name.length); i++) {
    const unit = name.charCodeAt(i)
    if (unit > 0xff) return 0
    hint |= unit << (8 * i)
  }
  return hint >>> 0
}
