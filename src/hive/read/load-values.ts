// Reads the values of one key, in stored order. A value whose data cannot be read is left out, with a warning.
import { FormatError } from '../../core/index.js'
import { KEY_FLAG, type KeyLinks } from '../records/nk.js'
import { parseOffsetList } from '../records/offset-list.js'
import { parseKeyValue, VALUE_FLAG } from '../records/vk.js'
import type { StoredValue } from '../stored.js'
import { upcase } from '../upcase.js'
import { loadData } from './load-data.js'
import type { Source } from './source.js'

/** Values by upper-cased name. `path` names the key in warnings. */
export function loadValues(source: Source, links: KeyLinks & { readonly flags: number }, path: string): Map<string, StoredValue> {
  const found = new Map<string, StoredValue>()
  if (links.valueCount === 0 || (links.flags & KEY_FLAG.predefinedHandle) !== 0) return found
  const label = `key '${path}'`
  const offsets = source.warnings.attempt(
    () => `${label}: list of values`,
    [],
    () => parseOffsetList(source.cells.take(links.valueList), links.valueCount),
  )
  for (const offset of offsets) {
    let name = ''
    source.warnings.attempt(
      () => `${label}: value '${name}'`,
      undefined,
      () => {
        const value = parseKeyValue(source.cells.take(offset))
        name = value.name
        const upcased = upcase(name)
        if (found.has(upcased)) throw new FormatError('a second value of this name', { offset })
        const isTombstone = source.isLayered && (value.flags & VALUE_FLAG.tombstone) !== 0
        const data = isTombstone ? new Uint8Array(0) : loadData(source, value)
        const flags = isTombstone ? VALUE_FLAG.tombstone : 0
        found.set(upcased, { name, type: isTombstone ? 0 : value.type, flags, data })
      },
    )
  }
  if (found.size !== links.valueCount) source.warnings.add(`${label}: ${found.size} of ${links.valueCount} values could be read`)
  return found
}
