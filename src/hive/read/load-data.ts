// Finds the bytes of a value: in the record, in a cell, or in the segments of big data. Nothing is copied.
import { FormatError } from '../../core/index.js'
import { parseBigData, SEGMENT_SIZE } from '../records/db.js'
import { parseOffsetList } from '../records/offset-list.js'
import type { KeyValue } from '../records/vk.js'
import type { StoredValue } from '../stored.js'
import type { View } from '../view.js'
import type { Source } from './source.js'

/** @throws FormatError where the data is not all there */
export function loadData(source: Source, { size, data }: KeyValue): StoredValue['data'] {
  if (typeof data !== 'number') return data
  if (size === 0) return new Uint8Array(0)
  const cell = source.cells.take(data)
  // Some writers keep long data in one cell in any version; a record of big data is always shorter than what it stands for.
  if (cell.size >= size) return cell.bytes(0, size)
  if (source.minor > 3 && size > SEGMENT_SIZE) return loadSegments(source, cell, size)
  throw new FormatError(`${size} bytes of data in a cell of ${cell.size}`, { offset: cell.origin })
}

function loadSegments(source: Source, cell: View, size: number): Uint8Array[] {
  const { count, list } = parseBigData(cell)
  const needed = Math.ceil(size / SEGMENT_SIZE)
  if (count !== needed) throw new FormatError(`${count} segments of big data where ${size} bytes need ${needed}`, { offset: cell.origin })
  const offsets = parseOffsetList(source.cells.take(list), count)
  if (offsets.length !== count) throw new FormatError('the list of segments is cut short', { offset: cell.origin })
  return offsets.map((offset, i) => source.cells.take(offset).bytes(0, Math.min(SEGMENT_SIZE, size - i * SEGMENT_SIZE)))
}
