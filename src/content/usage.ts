// What a store holds on disk, by kind.
import { existsSync } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, isDigest } from '../core/index.js'
import type { Blobs } from './blobs.js'
import { readRecord } from './layer-record.js'
import type { IdMode } from './paths.js'
import { reachableFrom } from './reachable.js'
import type { Refs } from './refs.js'

/** Things of one kind, and their bytes together. */
export interface Amount {
  readonly count: number
  readonly bytes: number
}

/** Content bytes of a store; directories and the file system's own overhead are not counted. */
export interface StoreUsage {
  /** Blobs that a reference leads to. */
  readonly images: Amount
  /** Blobs that no reference leads to: kept by the build cache, or for the next `gc`. */
  readonly unreferenced: Amount
  /** Layers unpacked for sandboxes. They are made again when they are needed. */
  readonly unpacked: Amount
  /** What is remembered of build steps and layers, and cache mounts. */
  readonly caches: Amount
  /** All of it. */
  readonly bytes: number
}

/** Counts. What other processes do meanwhile may or may not be in it. */
export async function measureUsage(blobs: Blobs, refs: Refs, signal?: AbortSignal): Promise<StoreUsage> {
  const { paths } = blobs
  const reachable = await reachableFrom(blobs, await refs.roots(), signal)
  const images = counter()
  const unreferenced = counter()
  for (const name of await readdir(paths.blobs())) {
    const digest = `sha256:${name}`
    const bytes = isDigest(digest) ? await blobs.size(digest) : undefined
    if (bytes !== undefined) (reachable.blobs.has(digest as Digest) ? images : unreferenced).add(bytes)
  }
  const unpacked = counter()
  for (const { bytes } of await unpackedLayers(blobs)) unpacked.add(bytes)
  const caches = counter()
  if (existsSync(paths.cache())) await countFiles(paths.cache(), caches, signal)
  const all = [images, unreferenced, unpacked, caches].map(({ amount }) => amount())
  return {
    images: all[0]!,
    unreferenced: all[1]!,
    unpacked: all[2]!,
    caches: all[3]!,
    bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
  }
}

/** An unpacked layer on disk. */
export interface LayerOnDisk {
  readonly idMode: IdMode
  readonly key: string
  readonly diffId: Digest
  readonly bytes: number
}

/** All unpacked layers, of every kind of process. */
export async function unpackedLayers({ paths }: Blobs): Promise<readonly LayerOnDisk[]> {
  const found: LayerOnDisk[] = []
  for (const idMode of ['root', 'sub', 'single'] as const) {
    for (const key of await namesIn(paths.layers(idMode))) {
      const record = await readRecord(join(paths.layers(idMode), key))
      if (record !== undefined) found.push({ idMode, key, diffId: record.diffId, bytes: record.bytes })
    }
  }
  return found
}

/** Names in a directory; none where it is not there, as in a layout of another tool that is only read. */
export async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** Bytes of the files below a directory. */
export async function sizeOfTree(directory: string, signal: AbortSignal | undefined): Promise<number> {
  const files = counter()
  await countFiles(directory, files, signal)
  return files.amount().bytes
}

function counter() {
  let [count, bytes] = [0, 0]
  return {
    add(more: number): void {
      count++
      bytes += more
    },
    amount: (): Amount => ({ count, bytes }),
  }
}

async function countFiles(directory: string, into: ReturnType<typeof counter>, signal: AbortSignal | undefined): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    signal?.throwIfAborted()
    const path = join(directory, entry.name)
    try {
      if (entry.isDirectory()) await countFiles(path, into, signal)
      else into.add((await lstat(path)).size)
    } catch (error) {
      // Others may remove what they made; and what a sandbox closed stays its own.
      if (!['ENOENT', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }
}
