// Makes a store smaller without touching an image: caches go, the least recently used first.
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, isDigest } from '../core/index.js'
import { type Blobs, blobPin } from './blobs.js'
import { openDirectory } from './durable.js'
import { ENTRIES_PREFIX } from './entry-cache.js'
import { readStep, STEP_PREFIX } from './layer-cache.js'
import { lastUsed, pinName } from './layer-record.js'
import { pinnedKeys, sweepDead } from './lease.js'
import { withLock } from './lock.js'
import { mountCaches, mountPin } from './mount-caches.js'
import type { IdMode } from './paths.js'
import { reachableFrom } from './reachable.js'
import type { Refs } from './refs.js'
import { removeTree } from './tree/remove-tree.js'
import { measureUsage, unpackedLayers } from './usage.js'

/** What trimming did. */
export interface Trimmed {
  readonly freedBytes: number
  /** Bytes that are left; more than was asked for where images and what is in use are more. */
  readonly bytes: number
}

/** Something that can be made again. */
interface Evictable {
  readonly bytes: number
  readonly usedAtMs: number
  readonly remove: () => Promise<void>
}

/** Removes unpacked layers, results of build steps and cache mounts that nobody uses, the least recently used first, until at most `maxBytes` are left. What a reference leads
 *  to and what a live process has pinned stays. */
export async function trimCaches(blobs: Blobs, refs: Refs, maxBytes: number, signal?: AbortSignal): Promise<Trimmed> {
  const { paths, lease } = blobs
  lease.checkWritable('trimming')
  await sweepDead(paths)
  const trash: string[] = []
  const result = await withLock(paths.collectLock(), true, signal, async () => {
    let { bytes } = await measureUsage(blobs, refs, signal)
    const before = bytes
    if (bytes <= maxBytes) return { freedBytes: 0, bytes }
    const toTrash = async (path: string) => {
      const name = lease.unusedName()
      await rename(path, join(paths.temporary(), name))
      trash.push(name)
    }
    const candidates = [
      ...(await evictableBlobs(blobs, refs, signal)),
      ...(await evictableLayers(blobs, toTrash)),
      ...(await evictableNotes(blobs)),
      ...(await evictableMounts(blobs, toTrash, signal)),
    ]
    candidates.sort((a, b) => a.usedAtMs - b.usedAtMs)
    for (const candidate of candidates) {
      if (bytes <= maxBytes) break
      signal?.throwIfAborted()
      await candidate.remove()
      bytes -= candidate.bytes
    }
    return { freedBytes: before - bytes, bytes }
  })
  const directory = await openDirectory(paths.temporary())
  try {
    for (const name of trash) await removeTree(directory.fd, name)
  } finally {
    await directory.close()
  }
  return result
}

/** Blobs that no reference leads to, with the build step that remembers them; those that none remembers are as old as they are. */
async function evictableBlobs(blobs: Blobs, refs: Refs, signal: AbortSignal | undefined): Promise<readonly Evictable[]> {
  const { paths } = blobs
  const [reachable, pinned] = [await reachableFrom(blobs, await refs.roots(), signal), await pinnedKeys(paths)]
  const usedAt = new Map<Digest, number>()
  for (const name of await readdir(paths.cache())) {
    if (!name.startsWith(STEP_PREFIX)) continue
    const path = join(paths.cache(), name)
    const [step, { mtimeMs }] = [await readStep(path), await stat(path)]
    if (step !== undefined) usedAt.set(step.digest, Math.max(usedAt.get(step.digest) ?? 0, mtimeMs))
  }
  const found: Evictable[] = []
  for (const name of await readdir(paths.blobs())) {
    const digest = `sha256:${name}`
    if (!isDigest(digest) || reachable.blobs.has(digest) || pinned.has(blobPin(digest))) continue
    const { size, mtimeMs } = await stat(paths.blob(digest))
    found.push({ bytes: size, usedAtMs: usedAt.get(digest) ?? mtimeMs, remove: () => rm(paths.blob(digest)) })
  }
  return found
}

async function evictableLayers(blobs: Blobs, toTrash: (path: string) => Promise<void>): Promise<readonly Evictable[]> {
  const pinned = await pinnedKeys(blobs.paths)
  const found: Evictable[] = []
  for (const { idMode, key, bytes } of await unpackedLayers(blobs)) {
    const path = join(blobs.paths.layers(idMode), key)
    if (pinned.has(pinName(idMode, key)) || !mayRemove(idMode)) continue
    found.push({ bytes, usedAtMs: await lastUsed(path), remove: () => toTrash(path) })
  }
  return found
}

async function evictableMounts(
  { paths }: Blobs,
  toTrash: (path: string) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<readonly Evictable[]> {
  const pinned = await pinnedKeys(paths)
  return (await mountCaches(paths, signal))
    .filter(({ idMode, name }) => !pinned.has(mountPin(idMode, name)) && mayRemove(idMode))
    .map(({ path, bytes, usedAtMs }) => ({ bytes, usedAtMs, remove: () => toTrash(path) }))
}

/** Lists of what is in a layer: made again by reading it. */
async function evictableNotes({ paths }: Blobs): Promise<readonly Evictable[]> {
  const found: Evictable[] = []
  for (const name of await readdir(paths.cache())) {
    if (!name.startsWith(ENTRIES_PREFIX)) continue
    const { size, mtimeMs } = await stat(join(paths.cache(), name))
    found.push({ bytes: size, usedAtMs: mtimeMs, remove: () => rm(join(paths.cache(), name), { force: true }) })
  }
  return found
}

/** Only the kind of process that could have written a tree can remove all of it. */
export const mayRemove = (idMode: IdMode): boolean => (idMode === 'root') === (process.getuid?.() === 0)
