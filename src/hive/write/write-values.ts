// Writes the values of one key: records, data, list.

import { NIL } from '../records/cell.js'
import { encodeBigData, SEGMENT_SIZE } from '../records/db.js'
import { encodeOffsetList } from '../records/offset-list.js'
import { encodeKeyValue, INLINE_MAX, VALUE_FLAG } from '../records/vk.js'
import { copyData, dataSize, type StoredValue } from '../stored.js'
import type { Allocator } from './allocator.js'

/** What the key node needs to know. */
export interface WrittenValues {
  readonly count: number
  readonly list: number
  readonly nameMax: number
  readonly dataMax: number
}

/** `minor`: from version 1.4, data past 16,344 bytes is split. */
export function writeValues(cells: Allocator, values: readonly StoredValue[], minor: number): WrittenValues {
  if (values.length === 0) return { count: 0, list: NIL, nameMax: 0, dataMax: 0 }
  const list = cells.reserve(4 * values.length)
  const offsets = values.map((value) => writeValue(cells, value, minor))
  cells.fill(list, encodeOffsetList(offsets))
  let nameMax = 0
  let dataMax = 0
  for (const value of values) {
    nameMax = Math.max(nameMax, 2 * value.name.length)
    dataMax = Math.max(dataMax, dataSize(value.data))
  }
  return { count: values.length, list, nameMax, dataMax }
}

function writeValue(cells: Allocator, { name, type, flags, data }: StoredValue, minor: number): number {
  const size = dataSize(data)
  const bytes = data instanceof Uint8Array ? data : copyData(data)
  const isInline = size <= INLINE_MAX || (flags & VALUE_FLAG.tombstone) !== 0
  return cells.store(encodeKeyValue({ name, type, flags, size, data: isInline ? bytes : writeData(cells, bytes, minor) }))
}

function writeData(cells: Allocator, bytes: Uint8Array, minor: number): number {
  if (minor <= 3 || bytes.length <= SEGMENT_SIZE) return cells.store(bytes)
  const segments: number[] = []
  for (let at = 0; at < bytes.length; at += SEGMENT_SIZE)
    segments.push(writeSegment(cells, bytes.subarray(at, at + SEGMENT_SIZE), segments[segments.length - 1]))
  return cells.store(encodeBigData(segments.length, cells.store(encodeOffsetList(segments))))
}

/** Segments lie in their order: reglookup takes them by offset. */
function writeSegment(cells: Allocator, segment: Uint8Array, after: number | undefined): number {
  // Four bytes more than the data: full segments have them by alignment, and libregf cuts them off from the last one too.
  const offset = cells.reserve(segment.length + 4, after)
  cells.fill(offset, segment)
  return offset
}
