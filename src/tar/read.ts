// Reading tar: v7, ustar, PAX, GNU and star headers. Sources: POSIX pax, GNU tar manual; where they are silent, as Go's archive/tar reads it.
import { decodePath, FormatError } from '../core/index.js'
import { BLOCK_BYTES, FIELD, isZeroBlock, paddingAfter } from './block.js'
import { type Extended, parseExtended } from './extended.js'
import { type PlainHeader, parseHeader } from './header.js'
import { readNumber } from './numbers.js'
import { EXTENDED_MAX_BYTES } from './pax.js'
import { type ByteSource, cutOff, type RandomAccess, RandomAccessSource, StreamSource } from './source.js'
import { checkMap, expandSparse, partsOf, readMapInData, readOldMap } from './sparse.js'
import type { SparsePart, TarEntry, TarType } from './types.js'

const TYPES: ReadonlyMap<string, TarType> = new Map<string, TarType>([
  ['0', 'file'],
  ['\0', 'file'],
  ['7', 'file'],
  ['S', 'file'],
  ['1', 'hardlink'],
  ['2', 'symlink'],
  ['3', 'char'],
  ['4', 'block'],
  ['5', 'directory'],
  ['6', 'fifo'],
])

// One for all: most entries have none, and layers have 100,000 entries.
const NO_XATTRS: TarEntry['xattrs'] = Object.freeze({})

/** The members of a tar, in order. A stream is read to its very end, so that a check behind it (digest, gzip trailer) takes place; what stands
 *  after the end blocks is ignored. A member's content that is not read is passed over.
 *  @throws FormatError with the offset for anything that is not exactly a tar: wrong checksums, cut-off input, unknown types … */
export async function* readTar(input: AsyncIterable<Uint8Array> | RandomAccess): AsyncGenerator<TarEntry> {
  const source: ByteSource = 'read' in input ? new RandomAccessSource(input) : new StreamSource(input)
  try {
    for (;;) {
      const found = await readMember(source)
      if (found === undefined) break
      const end = found.entry.dataOffset + found.entry.storedSize
      yield found.entry
      found.finish()
      if (source.offset < end) await source.skip(end - source.offset)
      // The last member's padding may be missing: Go and GNU tar read such archives.
      const padding = paddingAfter(found.entry.storedSize + found.mapBytes)
      if (padding > 0 && (await source.take(padding)).length < padding) break
    }
    await source.drain()
  } finally {
    await source.close()
  }
}

interface Found {
  readonly entry: TarEntry
  /** Bytes of a sparse map that stands before the content. */
  readonly mapBytes: number
  finish(): void
}

async function readMember(source: ByteSource): Promise<Found | undefined> {
  const headerOffset = source.offset
  let extended: Extended | undefined
  let longName: string | undefined
  let longLink: string | undefined
  for (;;) {
    const offset = source.offset
    const block = await source.take(BLOCK_BYTES)
    const isFirst = offset === headerOffset
    if (block.length === 0 && isFirst) return undefined
    if (block.length < BLOCK_BYTES) throw cutOff(source.offset)
    if (isZeroBlock(block)) {
      if (!isFirst) throw new FormatError('an extended header without a member', { offset })
      await checkSecondZeroBlock(source)
      return undefined
    }
    const header = parseHeader(block, offset)
    switch (header.typeflag) {
      case 'x':
        extended = parseExtended(await readExtended(source, header.size), offset)
        continue
      // Global records: read for their form, never applied (no image needs them, and `path` would rename every member).
      case 'g':
        parseExtended(await readExtended(source, header.size), offset)
        continue
      case 'L':
        longName = longText(await readExtended(source, header.size))
        continue
      case 'K':
        longLink = longText(await readExtended(source, header.size))
        continue
    }
    return memberOf(source, block, header, { headerOffset, offset, extended, longName, longLink })
  }
}

async function checkSecondZeroBlock(source: ByteSource): Promise<void> {
  const offset = source.offset
  const second = await source.take(BLOCK_BYTES)
  if (second.length === BLOCK_BYTES && !isZeroBlock(second)) throw new FormatError('a single zero block among the members', { offset })
}

async function readExtended(source: ByteSource, size: number): Promise<Uint8Array> {
  if (size > EXTENDED_MAX_BYTES)
    throw new FormatError(`an extended header of ${size} bytes, more than ${EXTENDED_MAX_BYTES}`, { offset: source.offset })
  const bytes = await source.take(size + paddingAfter(size))
  if (bytes.length < size) throw cutOff(source.offset)
  return bytes.subarray(0, size)
}

function longText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return decodePath(end < 0 ? bytes : bytes.subarray(0, end))
}

interface Before {
  readonly headerOffset: number
  readonly offset: number
  readonly extended: Extended | undefined
  readonly longName: string | undefined
  readonly longLink: string | undefined
}

async function memberOf(source: ByteSource, block: Uint8Array, header: PlainHeader, before: Before): Promise<Found> {
  const { offset, extended, longName, longLink } = before
  const known = TYPES.get(header.typeflag)
  if (known === undefined) throw new FormatError(`unknown member type ${JSON.stringify(header.typeflag)}`, { offset })
  const name = longName ?? extended?.sparse.name ?? extended?.path ?? header.name
  if (name === '') throw new FormatError('a member without a name', { offset })
  // Before ustar there was no type for directories but the slash.
  const type = header.typeflag === '\0' && name.endsWith('/') ? 'directory' : known
  const stored = type === 'file' ? (extended?.size ?? header.size) : 0
  const { size, parts, mapBytes } = await sparseOf(source, block, header, extended, stored, offset)
  const dataOffset = source.offset
  const storedSize = stored - mapBytes
  if (parts !== undefined) checkMap(parts, size, storedSize, offset)
  const body = new Body(source, dataOffset, dataOffset + storedSize)
  const entry: TarEntry = {
    type,
    name,
    linkName: type === 'hardlink' || type === 'symlink' ? (longLink ?? extended?.linkPath ?? header.linkName) : '',
    mode: header.mode,
    uid: extended?.uid ?? header.uid,
    gid: extended?.gid ?? header.gid,
    mtimeNs: extended?.mtimeNs ?? header.mtimeNs,
    size,
    devMajor: header.devMajor,
    devMinor: header.devMinor,
    xattrs: extended?.xattrs ?? NO_XATTRS,
    ...(extended?.records === undefined ? {} : { records: extended.records }),
    headerOffset: before.headerOffset,
    dataOffset,
    storedSize,
    ...(parts === undefined ? {} : { sparse: parts }),
    content: () => (parts === undefined ? body.read() : expandSparse(body.read(), parts, size)),
  }
  return { entry, mapBytes, finish: () => body.finish() }
}

async function sparseOf(
  source: ByteSource,
  block: Uint8Array,
  header: PlainHeader,
  extended: Extended | undefined,
  stored: number,
  offset: number,
): Promise<{ size: number; parts: readonly SparsePart[] | undefined; mapBytes: number }> {
  const records = extended?.sparse
  if (header.typeflag === 'S') {
    return { size: readNumber(block, FIELD.realSize, 'realsize', offset), parts: await readOldMap(block, source, offset), mapBytes: 0 }
  }
  const size = records?.realSize ?? records?.size
  if (records === undefined || size === undefined || header.typeflag !== '0') return { size: stored, parts: undefined, mapBytes: 0 }
  if (records.major === '1' && records.minor === '0') {
    const { parts, bytes } = await readMapInData(source, stored, offset)
    return { size, parts, mapBytes: bytes }
  }
  if (records.major !== undefined && records.major !== '0') {
    throw new FormatError(`unknown sparse version ${JSON.stringify(records.major.slice(0, 20))}`, { offset })
  }
  const numbers = records.map === undefined ? records.pairs : records.map === '' ? [] : records.map.split(',')
  return { size, parts: partsOf(numbers, offset), mapBytes: 0 }
}

/** The stored bytes of the current member. */
class Body {
  #isStarted = false
  #isOver = false

  constructor(
    readonly source: ByteSource,
    readonly start: number,
    readonly end: number,
  ) {}

  async *read(): AsyncGenerator<Uint8Array> {
    if (this.#isStarted || this.#isOver) throw new TypeError('the content of a tar member can be read once, before the next member')
    this.#isStarted = true
    while (this.source.offset < this.end) {
      const piece = await this.source.piece(this.end - this.source.offset)
      if (piece.length === 0) throw cutOff(this.source.offset)
      yield piece
      if (this.#isOver) throw new TypeError('the content of a tar member was read past the next member')
    }
  }

  finish(): void {
    this.#isOver = true
  }
}
