// A stored value as the API shows it.
import type { Value } from './data.js'
import { decodeData } from './decode.js'
import { VALUE_FLAG } from './records/vk.js'
import { copyData, type StoredValue } from './stored.js'

/** A new copy: nothing in it is shared with the hive. */
export function toValue({ name, type, flags, data }: StoredValue): Value {
  const raw = copyData(data)
  const decoded = decodeData(type, raw)
  return (flags & VALUE_FLAG.tombstone) !== 0 ? { ...decoded, name, raw, tombstone: true } : { ...decoded, name, raw }
}
