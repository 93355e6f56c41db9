// The collector: removes blobs, unpacked layers and cached steps that no reference leads to and no live process has pinned.
import { existsSync } from 'node:fs'
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, isDigest } from '../core/index.js'
import { type Blobs, blobPin } from './blobs.js'
import { openDirectory } from './durable.js'
import { ENTRIES_PREFIX } from './entry-cache.js'
import { readStep, STEP_PREFIX } from './layer-cache.js'
import { pinName } from './layer-record.js'
import { pinnedKeys, sweepDead } from './lease.js'
import { withLock } from './lock.js'
import { reachableFrom } from './reachable.js'
import { removePartials } from './receive.js'
import type { Refs } from './refs.js'
import { removeTree } from './tree/remove-tree.js'
import { mayRemove } from './trim.js'
import { unpackedLayers } from './usage.js'

/** What a collection removed. `freedBytes` counts blobs and the contents of unpacked layers. */
export interface Collected {
  readonly removedBlobs: number
  readonly removedLayers: number
  readonly freedBytes: number
}

/** One collection, while nobody may put anything to use. Unfinished files of dead processes go too. */
export async function collectUnused(blobs: Blobs, refs: Refs, signal?: AbortSignal): Promise<Collected> {
  const { paths, lease } = blobs
  lease.checkWritable('collecting')
  await sweepDead(paths)
  const trash: string[] = []
  const result = await withLock(paths.collectLock(), true, signal, async () => {
    // Listed before the pins are read: what gets its name later has had its pin before.
    const [names, layers] = [await readdir(paths.blobs()), await unpackedLayers(blobs)]
    const reachable = await reachableFrom(blobs, await refs.roots(), signal)
    const pinned = await pinnedKeys(paths)
    let freedBytes = await removePartials(paths)
    let removedBlobs = 0
    for (const name of names) {
      const digest = `sha256:${name}`
      if (!isDigest(digest) || reachable.blobs.has(digest) || pinned.has(blobPin(digest))) continue
      freedBytes += (await stat(paths.blob(digest))).size
      await rm(paths.blob(digest))
      removedBlobs++
    }
    await forget(blobs, reachable.diffIds)
    let removedLayers = 0
    for (const { idMode, key, diffId, bytes } of layers) {
      if (reachable.diffIds.has(diffId) || pinned.has(pinName(idMode, key)) || !mayRemove(idMode)) continue
      const name = lease.unusedName()
      await rename(join(paths.layers(idMode), key), join(paths.temporary(), name))
      trash.push(name)
      freedBytes += bytes
      removedLayers++
    }
    return { removedBlobs, removedLayers, freedBytes }
  })
  await empty(paths.temporary(), trash)
  return result
}

/** Removes what is remembered of layers that are not there any more. What a cached step was, is found out when it is looked for. */
async function forget({ paths }: Blobs, diffIds: ReadonlySet<Digest>): Promise<void> {
  for (const name of await readdir(paths.cache())) {
    const digest = `sha256:${name.slice(ENTRIES_PREFIX.length)}`
    if (name.startsWith(ENTRIES_PREFIX) && !diffIds.has(digest as Digest)) await rm(join(paths.cache(), name), { force: true })
    if (name.startsWith(STEP_PREFIX) && !(await isStepThere(paths, name))) await rm(join(paths.cache(), name), { force: true })
  }
}

async function isStepThere(paths: Blobs['paths'], name: string): Promise<boolean> {
  const record = await readStep(join(paths.cache(), name))
  return record !== undefined && existsSync(paths.blob(record.digest))
}

async function empty(directory: string, names: readonly string[]): Promise<void> {
  const handle = await openDirectory(directory)
  try {
    for (const name of names) await removeTree(handle.fd, name)
  } finally {
    await handle.close()
  }
}
