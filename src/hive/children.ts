// Subkeys and values of a key in memory: a map by upper-cased name, filled when it is first asked for.
import { compareUpcased, upcase } from './upcase.js'

/** Named things in stored order; once something was added, in the order of upper-cased names (`sorts`) or of addition. */
export class Children<T> {
  #load: (() => Map<string, T>) | undefined
  #map: Map<string, T> | undefined
  #isSorted = true
  readonly #sorts: boolean

  constructor(sorts: boolean, load?: () => Map<string, T>) {
    this.#sorts = sorts
    this.#load = load
  }

  get size(): number {
    return this.#loaded().size
  }

  find(name: string): T | undefined {
    return this.#loaded().get(upcase(name))
  }

  put(name: string, child: T): void {
    const map = this.#loaded()
    const upcased = upcase(name)
    if (!map.has(upcased)) this.#isSorted = false
    map.set(upcased, child)
  }

  remove(name: string): boolean {
    return this.#loaded().delete(upcase(name))
  }

  clear(): void {
    this.#load = undefined
    this.#map = new Map()
  }

  /** A snapshot: the caller may change what it walks. */
  list(): T[] {
    if (this.#sorts && !this.#isSorted) {
      this.#map = new Map(this.sorted())
      this.#isSorted = true
    }
    return [...this.#loaded().values()]
  }

  /** By upper-cased name, in the order of subkey lists. */
  sorted(): [upcased: string, child: T][] {
    return [...this.#loaded()].sort(([a], [b]) => compareUpcased(a, b))
  }

  #loaded(): Map<string, T> {
    if (this.#map === undefined) {
      this.#map = this.#load?.() ?? new Map()
      this.#load = undefined
    }
    return this.#map
  }
}
