// Subkeys or values of a key in memory: a map by upper-cased name.
import { compareUpcased, upcase } from './upcase.js'

/** Named things in stored order; once something was added, in the order of upper-cased names (`sorts`) or of addition. */
export class Children<T> {
  // Undefined while empty: a map for nothing is what most keys of a hive would spend their memory on.
  #map: Map<string, T> | undefined
  #isSorted = true
  readonly #sorts: boolean

  constructor(sorts: boolean, map?: Map<string, T>) {
    this.#sorts = sorts
    this.#map = map?.size === 0 ? undefined : map
  }

  find(name: string): T | undefined {
    return this.#map?.get(upcase(name))
  }

  put(name: string, child: T): void {
    this.#map ??= new Map()
    const upcased = upcase(name)
    if (!this.#map.has(upcased)) this.#isSorted = false
    this.#map.set(upcased, child)
  }

  remove(name: string): boolean {
    return this.#map?.delete(upcase(name)) === true
  }

  /** A snapshot: the caller may change what it walks. */
  list(): T[] {
    if (this.#map === undefined) return []
    if (this.#sorts && !this.#isSorted) {
      this.#map = new Map(this.#entries())
      this.#isSorted = true
    }
    return [...this.#map.values()]
  }

  /** In the order of subkey lists: by upper-cased name. */
  sorted(): T[] {
    return this.#map === undefined ? [] : this.#entries().map(([, child]) => child)
  }

  #entries(): [string, T][] {
    return [...this.#map!].sort(([a], [b]) => compareUpcased(a, b))
  }
}
