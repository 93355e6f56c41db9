// Finds the bytes of a value: in the record, in a cell, or in the segments of big data. Nothing is copied.
import { FormatError } from '../../core/index.js'
import { parseBigData, SEGMENT_SIZE } from '../records/db.js'
import { parseOffsetList } from '../records/offset-list.js'
import type { KeyValue } from '../records/vk.js'
import type { StoredValue } from '../stored.js'
import type { View } from '../view.js'
import type { Cells } from './cells.js'
import type { Source } from './source.js'

/** A value whose bytes stay in the file. Hives hold hundreds of thousands: numbers are kept, not arrays. */
class FileValue implements StoredValue {
  readonly flags = 0

  constructor(
    readonly name: string,
    readonly type: number,
    private readonly cells: Cells,
    private readonly offset: number,
    private readonly size: number,
  ) {}

  get data(): Uint8Array {
    return this.cells.bytes(this.offset, this.size)
  }
}

/** `name`: the value's, which may be a string that many share. @throws FormatError where the data is not all there */
export function loadData(source: Source, name: string, { type, size, data }: KeyValue): StoredValue {
  if (typeof data !== 'number') return { name, type, flags: 0, data }
  if (size === 0) return { name, type, flags: 0, data: new Uint8Array(0) }
  const held = source.cells.claim(data)
  // Some writers keep long data in one cell in any version; a record of big data is always shorter than what it stands for.
  if (held >= size) return new FileValue(name, type, source.cells, data, size)
  const cell = source.cells.peek(data)
  if (source.minor > 3 && size > SEGMENT_SIZE) return { name, type, flags: 0, data: loadSegments(source, cell, size) }
  throw new FormatError(`${size} bytes of data in a cell of ${held}`, { offset: cell.origin })
}

function loadSegments(source: Source, cell: View, size: number): Uint8Array[] {
  const { count, list } = parseBigData(cell)
  const needed = Math.ceil(size / SEGMENT_SIZE)
  if (count !== needed) throw new FormatError(`${count} segments of big data where ${size} bytes need ${needed}`, { offset: cell.origin })
  const offsets = parseOffsetList(source.cells.take(list), count)
  if (offsets.length !== count) throw new FormatError('the list of segments is cut short', { offset: cell.origin })
  return offsets.map((offset, i) => source.cells.take(offset).bytes(0, Math.min(SEGMENT_SIZE, size - i * SEGMENT_SIZE)))
}
