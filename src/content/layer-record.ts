// What is written beside an unpacked layer: `layer.json`, and `unapplied.json` with what the disk could not take.
import { readFileSync } from 'node:fs'
import { readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, unlessGone } from '../core/index.js'
import type { IdMode } from './paths.js'
import { allApplied, type Unapplied } from './tree/metadata.js'

/** What is known of an unpacked layer. */
export interface LayerRecord {
  readonly version: 1
  readonly diffId: Digest
  /** The stack it was unpacked upon, itself included; absent where the tree fits any stack. */
  readonly chainId?: Digest
  /** Owner, mode and time of '/', where the layer says them. */
  readonly root?: RootMetadata
  /** Content bytes. */
  readonly bytes: number
  /** When its files were written: see `isSettled`. */
  readonly written: { readonly bootId: string; readonly uptimeS: number }
}

/** What the top directory of an image is like. */
export interface RootMetadata {
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** A decimal number: JSON has no bigint. */
  readonly mtimeNs: string
}

/** The tree's directory, beside the records. */
export const TREE = 'd'
const RECORD = 'layer.json'
const UNAPPLIED = 'unapplied.json'
const SETTLED = 'settled'

/** The kernel writes back what is older than 30 seconds (vm.dirty_expire_centisecs), looking every 5. */
const WRITTEN_BACK_S = 120

let bootId: string | undefined
const thisBoot = (): string => {
  bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  return bootId
}
// CLOCK_MONOTONIC: the same for every process until the next boot.
const uptimeS = (): number => Number(process.hrtime.bigint() / 1_000_000_000n)

/** The time of writing, for a new record. */
export const writtenNow = (): LayerRecord['written'] => ({ bootId: thisBoot(), uptimeS: uptimeS() })

/** Writes both files into the layer's directory. */
export async function writeRecord(directory: string, record: LayerRecord, unapplied: Unapplied): Promise<void> {
  await writeFile(join(directory, UNAPPLIED), JSON.stringify(unapplied))
  await writeFile(join(directory, RECORD), JSON.stringify(record))
}

/** The record of an unpacked layer; undefined where there is none (or none that was written out). */
export async function readRecord(directory: string): Promise<LayerRecord | undefined> {
  const text = await textOf(join(directory, RECORD))
  return text === undefined || text === '' ? undefined : (JSON.parse(text) as LayerRecord)
}

/** Whether the files of a layer are there for certain. They are not synced one by one, which would take longer than unpacking: so a layer that was not used
 *  again some minutes after it was made counts for nothing after the next boot, which could have followed a power cut. */
export async function isSettled(directory: string, { written }: LayerRecord, isReadOnly = false): Promise<boolean> {
  const isThisBoot = written.bootId === thisBoot()
  if (isThisBoot && uptimeS() - written.uptimeS < WRITTEN_BACK_S) return true
  const isMarked = (await textOf(join(directory, SETTLED))) !== undefined
  if (isThisBoot && !isMarked && !isReadOnly) await writeFile(join(directory, SETTLED), '')
  return isThisBoot || isMarked
}

/** Notes that a layer is used now. */
export async function noteUse(directory: string): Promise<void> {
  const now = new Date()
  await utimes(join(directory, RECORD), now, now)
}

/** When a layer was last used, in milliseconds since 1970. */
export const lastUsed = async (directory: string): Promise<number> => (await stat(join(directory, RECORD))).mtimeMs

/** What the disk could not take of a layer. */
export async function readUnapplied(directory: string): Promise<Unapplied> {
  return { ...allApplied(), ...(JSON.parse((await textOf(join(directory, UNAPPLIED))) ?? '{}') as Partial<Unapplied>) }
}

/** The lease's pin of an unpacked layer. */
export const pinName = (idMode: IdMode, key: string): string => `layer-${idMode}-${key}`

const textOf = (path: string): Promise<string | undefined> => unlessGone(() => readFile(path, 'utf8'))
