// Sparse files. Source: GNU tar manual "Sparse Formats": the old GNU form and PAX versions 0.0, 0.1 and 1.0.
import { decodePath, FormatError } from '../core/index.js'
import { BLOCK_BYTES, field } from './block.js'
import { readNumber } from './numbers.js'
import type { ByteSource } from './source.js'
import { cutOff } from './source.js'
import type { SparsePart } from './types.js'

const PARTS_MAX = 2 ** 17
const ZEROS = new Uint8Array(64 * 1024)
const MAP_ENTRY_BYTES = 24
const DIGITS_MAX = 16

/** The parts of an old GNU header ('S') and of the extension blocks after it. */
export async function readOldMap(header: Uint8Array, source: ByteSource, offset: number): Promise<readonly SparsePart[]> {
  const parts = mapEntries(field(header, 'sparse'), offset)
  let isExtended = field(header, 'isExtended')[0] !== 0
  while (isExtended) {
    const block = await source.take(BLOCK_BYTES)
    if (block.length < BLOCK_BYTES) throw cutOff(source.offset)
    parts.push(...mapEntries(block.subarray(0, 21 * MAP_ENTRY_BYTES), offset))
    isExtended = block[21 * MAP_ENTRY_BYTES] !== 0
    refuseLong(parts.length, offset)
  }
  return parts
}

function mapEntries(bytes: Uint8Array, offset: number): SparsePart[] {
  const parts: SparsePart[] = []
  for (let at = 0; at < bytes.length && bytes[at] !== 0; at += MAP_ENTRY_BYTES) {
    parts.push({
      offset: readNumber(bytes, [at, 12], 'sparse offset', offset),
      length: readNumber(bytes, [at + 12, 12], 'sparse length', offset),
    })
  }
  return parts
}

/** The parts listed as numbers: offset, length, offset, length … @throws FormatError */
export function partsOf(numbers: readonly string[], offset: number): readonly SparsePart[] {
  refuseLong(numbers.length / 2, offset)
  if (numbers.length % 2 !== 0) throw new FormatError('the sparse map has an odd length', { offset })
  const values = numbers.map((text) => decimal(text, offset))
  return Array.from({ length: values.length / 2 }, (_, index) => ({ offset: values[2 * index]!, length: values[2 * index + 1]! }))
}

/** The map of PAX version 1.0, which stands before the content: a count, then offset and length of each part, one a line, padded to a block.
 *  Also says how many bytes it took. */
export async function readMapInData(
  source: ByteSource,
  storedSize: number,
  offset: number,
): Promise<{ readonly parts: readonly SparsePart[]; readonly bytes: number }> {
  const lines: string[] = []
  let partial = ''
  let bytes = 0
  for (let wanted = 1; lines.length < wanted; ) {
    if (bytes + BLOCK_BYTES > storedSize) throw new FormatError('the sparse map is cut off', { offset })
    const block = await source.take(BLOCK_BYTES)
    if (block.length < BLOCK_BYTES) throw cutOff(source.offset)
    bytes += BLOCK_BYTES
    const pieces = (partial + decodePath(block)).split('\n')
    partial = pieces.pop()!
    lines.push(...pieces)
    if (lines.length > 0) {
      const count = decimal(lines[0]!, offset)
      refuseLong(count, offset)
      wanted = 1 + 2 * count
    }
  }
  return { parts: partsOf(lines.slice(1, 1 + 2 * decimal(lines[0]!, offset)), offset), bytes }
}

function decimal(text: string, offset: number): number {
  const value = text.length <= DIGITS_MAX && /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value)) throw new FormatError('the sparse map holds what is no number', { offset })
  return value
}

function refuseLong(count: number, offset: number): void {
  if (count > PARTS_MAX) throw new FormatError(`the sparse map has more than ${PARTS_MAX} parts`, { offset })
}

/** @throws FormatError unless the parts ascend without overlap, lie within `size` and hold `storedSize` bytes together */
export function checkMap(parts: readonly SparsePart[], size: number, storedSize: number, offset: number): void {
  if (size < 0) throw new FormatError(`realsize is negative: ${size}`, { offset })
  let end = 0
  let stored = 0
  for (const part of parts) {
    if (part.offset < end || part.length < 0 || part.offset + part.length > size) {
      throw new FormatError('the sparse map is out of order or out of range', { offset })
    }
    end = part.offset + part.length
    stored += part.length
  }
  if (stored !== storedSize) throw new FormatError(`the sparse map has ${stored} bytes, the member ${storedSize}`, { offset })
}

/** Stored bytes with zeros in the holes. */
export async function* expandSparse(
  stored: AsyncIterable<Uint8Array>,
  parts: readonly SparsePart[],
  size: number,
): AsyncGenerator<Uint8Array> {
  let at = 0
  let index = 0
  let inPart = 0
  for await (let chunk of stored) {
    while (chunk.length > 0) {
      const part = parts[index]!
      yield* zeros(part.offset + inPart - at)
      const piece = chunk.subarray(0, part.length - inPart)
      if (piece.length > 0) yield piece
      inPart += piece.length
      at = part.offset + inPart
      chunk = chunk.subarray(piece.length)
      if (inPart === part.length) {
        index++
        inPart = 0
      }
    }
  }
  yield* zeros(size - at)
}

function* zeros(length: number): Generator<Uint8Array> {
  for (let left = length; left > 0; left -= ZEROS.length) yield ZEROS.subarray(0, Math.min(left, ZEROS.length))
}
