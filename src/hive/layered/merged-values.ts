// Values of a merged key: upper layers win, tombstones hide.
import type { HiveKey } from '../hive-key.js'
import { VALUE_FLAG } from '../records/vk.js'
import type { StoredValue } from '../stored.js'
import { upcase } from '../upcase.js'

const isTombstone = (value: StoredValue) => (value.flags & VALUE_FLAG.tombstone) !== 0

/** In the order of the lowest layer, then of those above. `visible` goes from the top down. */
export function mergeValues(visible: readonly HiveKey[]): StoredValue[] {
  const merged = new Map<string, StoredValue>()
  for (const key of [...visible].reverse()) {
    for (const value of key.storedValues()) {
      if (isTombstone(value)) merged.delete(upcase(value.name))
      else merged.set(upcase(value.name), value)
    }
  }
  return [...merged.values()]
}

/** The value of this name; undefined where no layer has it, or a tombstone hides it. */
export function mergedValue(visible: readonly HiveKey[], name: string): StoredValue | undefined {
  for (const key of visible) {
    const value = key.storedValue(name)
    if (value !== undefined) return isTombstone(value) ? undefined : value
  }
  return undefined
}
