// A stored value as the API shows it.
import type { RegistryData, Value } from './data.js'
import { decodeData } from './decode.js'
import { VALUE_FLAG } from './records/vk.js'
import { copyData, type StoredValue } from './stored.js'

/** A new copy: nothing in it is shared with the hive. */
export function toValue({ name, type, flags, data }: StoredValue): Value {
  const raw = copyData(data)
  // Fields are added to the one fresh object: a spread would cost more than all the rest.
  const value = decodeData(type, raw) as RegistryData & { name: string; raw: Uint8Array; tombstone?: true }
  value.name = name
  value.raw = raw
  if ((flags & VALUE_FLAG.tombstone) !== 0) value.tombstone = true
  return value
}
