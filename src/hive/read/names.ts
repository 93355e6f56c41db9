// Names of values, each kept once: a hive has a hundred thousand values, and a few hundred names for most of them.
import { upcase } from '../upcase.js'

// Past this many the names are not the kind that repeat: a fresh start keeps memory bounded.
const KNOWN_MAX = 4096
const LENGTH_MAX = 64

/** A name as written and as it is looked for. */
export interface Name {
  readonly name: string
  readonly upcased: string
}

/** The names met so far. */
export class Names {
  readonly #known = new Map<string, Name>()

  /** One object for all names with the same letters. */
  of(name: string): Name {
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const fresh = { name, upcased: upcase(name) }
    if (name.length > LENGTH_MAX) return fresh
    if (this.#known.size >= KNOWN_MAX) this.#known.clear()
    this.#known.set(name, fresh)
    return fresh
  }
}
