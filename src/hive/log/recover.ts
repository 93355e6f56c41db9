// Brings a dirty hive to a clean state by its logs (regf specification, "Dirty state of a hive", "Multiple transaction log files").
import { FormatError } from '../../core/index.js'
import { BASE_BLOCK_SIZE, type BaseBlock, FLAG_LAYERED, parseBaseBlock, sealBaseBlock } from '../records/base-block.js'
import { binTimestamp } from '../records/hive-bin.js'
import { View } from '../view.js'
import type { Warnings } from '../warnings.js'
import { Image } from './image.js'
import { type NewLog, parseNewLog } from './new-log.js'
import { type OldLog, parseOldLog } from './old-log.js'

const NEW_LOG = 6
// Bit of a log entry's flags: transactions are pending. It alone goes from entry to base block.
const FLAG_LOCKED = 0x1

/** The clean file, or `primary` itself where it is not dirty, or where no log fits (with a warning). @throws FormatError where neither file nor logs have a base block */
export function recover(primary: Uint8Array, logs: readonly Uint8Array[], warnings: Warnings): Uint8Array {
  const base = soundBase(primary)
  if (base !== undefined && base.primarySequence === base.secondarySequence) return primary
  const parsed = parseLogs(logs, warnings)
  const newLogs = parsed.filter((log) => log.kind === 'new')
  const oldLogs = parsed.filter((log) => log.kind === 'old')
  const logBytes = logs.reduce((sum, log) => sum + log.length, 0)
  const image = new Image(primary, logBytes)
  const recovered = newLogs.length > 0 ? applyNew(image, base, newLogs, warnings) : applyOld(image, base, oldLogs, warnings)
  if (recovered !== undefined) return recovered
  // Without a base block there is nothing to read; its error says so.
  parseBaseBlock(primary)
  warnings.add(
    base === undefined ? 'the base block has a wrong checksum, and no log fits' : 'the hive was not written to its end, and no log fits',
  )
  return primary
}

function soundBase(primary: Uint8Array): BaseBlock | undefined {
  try {
    const base = parseBaseBlock(primary)
    return base.isSound ? base : undefined
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
}

function parseLogs(logs: readonly Uint8Array[], warnings: Warnings): (NewLog | OldLog)[] {
  return logs.flatMap((bytes, i) => {
    // The second log of a pair is empty until it is needed.
    if (bytes.length === 0) return []
    const log = warnings.attempt(
      () => `log ${i + 1}`,
      undefined,
      () => (parseBaseBlock(bytes).fileType === NEW_LOG ? parseNewLog(bytes) : parseOldLog(bytes)),
    )
    if (log === undefined) return []
    if (log.base.isSound && log.base.primarySequence === log.base.secondarySequence && log.base.fileType !== 0) return [log]
    warnings.add(`log ${i + 1}: its base block is not valid`)
    return []
  })
}

/** Sequence numbers wrap: the difference, not the order, tells which is later. */
const isLater = (a: number, b: number): boolean => ((a - b) | 0) > 0

function applyNew(image: Image, base: BaseBlock | undefined, logs: readonly NewLog[], warnings: Warnings): Uint8Array | undefined {
  const ordered = [...logs].sort((a, b) => (isLater(a.base.primarySequence, b.base.primarySequence) ? 1 : -1))
  // Without a sound base block Windows uses the latest log alone.
  const usable =
    base === undefined ? ordered.slice(-1) : ordered.filter((log) => !isLater(base.secondarySequence, log.base.primarySequence))
  const first = usable[0]
  if (first === undefined) return undefined
  let sequence = (first.base.primarySequence - 1) >>> 0
  let dataSize = first.base.dataSize
  let flags = (base ?? first.base).flags
  let last = first
  for (const log of usable) {
    if (log.base.primarySequence !== (sequence + 1) >>> 0) break
    for (const entry of log.entries) {
      if (!image.canHold(entry.dataSize)) {
        warnings.add(`log entry ${entry.sequence} asks for ${entry.dataSize} bytes of hive bins, more than file and logs hold`)
        break
      }
      image.grow(entry.dataSize)
      for (const page of entry.pages) image.write(page.offset, page.bytes)
      ;({ sequence, dataSize } = entry)
      flags = (flags & ~FLAG_LOCKED) | (entry.flags & FLAG_LOCKED)
      last = log
    }
  }
  if (sequence === (first.base.primarySequence - 1) >>> 0) return undefined
  const block = base === undefined ? withHead(last.baseBytes) : image.bytes
  const { root, lastWritten, minor } = last.base
  image.bytes.set(sealBaseBlock(block, { primarySequence: sequence, dataSize, flags, root, lastWritten, minor }))
  return image.bytes
}

function applyOld(image: Image, base: BaseBlock | undefined, logs: readonly OldLog[], warnings: Warnings): Uint8Array | undefined {
  const since = base?.lastWritten ?? firstTimestamp(image.bytes)
  // The latest log wins; of two with one time, the first.
  const [log] = logs
    .filter((one) => one.base.lastWritten >= since)
    .sort((a, b) => Number(b.base.lastWritten > a.base.lastWritten) - Number(b.base.lastWritten < a.base.lastWritten))
  if (log === undefined || !image.canHold(log.base.dataSize)) return undefined
  if (log.missing > 0) warnings.add(`the log is cut short: ${log.missing} dirty pages are missing`)
  image.grow(log.base.dataSize)
  for (const page of log.pages) image.write(page.offset, page.bytes)
  const block = base === undefined ? withHead(log.baseBytes) : image.bytes
  const { primarySequence, dataSize, root, lastWritten, minor, flags } = log.base
  image.bytes.set(
    sealBaseBlock(block, { primarySequence, dataSize, root, lastWritten, minor, flags: flags | ((base?.flags ?? 0) & FLAG_LAYERED) }),
  )
  return image.bytes
}

function withHead(head: Uint8Array): Uint8Array {
  const block = new Uint8Array(BASE_BLOCK_SIZE)
  block.set(head)
  return block
}

function firstTimestamp(primary: Uint8Array): bigint {
  return primary.length >= BASE_BLOCK_SIZE + 32
    ? binTimestamp(View.of(primary).window(BASE_BLOCK_SIZE, primary.length - BASE_BLOCK_SIZE))
    : 0n
}
