// What diff, flatten and delta need of a key, be it of a hive or of a merged view: what is stored, not how the API shows it.
import type { Key } from '../key.js'
import type { StoredKey, StoredValue } from '../stored.js'

/** A key that can be compared and copied without loss. */
export interface TreeKey extends Key {
  readonly stored: StoredKey
  storedValues(): StoredValue[]
  storedValue(name: string): StoredValue | undefined
  /** In the order of upper-cased names. */
  sortedSubkeys(): TreeKey[]
  subkey(name: string): TreeKey | undefined
}
