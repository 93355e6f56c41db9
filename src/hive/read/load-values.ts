// Reads the values of one key, in stored order. A value whose data cannot be read is left out, with a warning.
import { FormatError } from '../../core/index.js'
import { parseOffsetList } from '../records/offset-list.js'
import { type KeyValue, parseKeyValue, VALUE_FLAG } from '../records/vk.js'
import type { StoredValue } from '../stored.js'
import { loadData } from './load-data.js'
import type { LoadedKey } from './load-key.js'
import type { Source } from './source.js'

/** Values by upper-cased name. `path` names the key in warnings. */
export function loadValues(source: Source, { links, stored }: LoadedKey, path: () => string): Map<string, StoredValue> {
  const found = new Map<string, StoredValue>()
  if (links.valueCount === 0 || stored.predefinedHandle !== undefined) return found
  const label = () => `key '${path()}'`
  const offsets = source.warnings.attempt(
    () => `${label()}: list of values`,
    [],
    () => parseOffsetList(source.cells.take(links.valueList), links.valueCount),
  )
  for (const offset of offsets) {
    let name = '?'
    try {
      const value = parseKeyValue(source.cells.take(offset))
      const known = source.names.of(value.name)
      name = known.name
      if (found.has(known.upcased)) throw new FormatError('a second value of this name', { offset })
      found.set(known.upcased, load(source, name, value))
    } catch (error) {
      source.warnings.note(error, `${label()}: value '${name}'`)
    }
  }
  if (found.size !== links.valueCount) source.warnings.add(`${label()}: ${found.size} of ${links.valueCount} values could be read`)
  return found
}

function load(source: Source, name: string, value: KeyValue): StoredValue {
  const isTombstone = source.isLayered && (value.flags & VALUE_FLAG.tombstone) !== 0
  return isTombstone ? { name, type: 0, flags: VALUE_FLAG.tombstone, data: new Uint8Array(0) } : loadData(source, name, value)
}
