// Cache mounts: directories that sandboxes share and that outlive them. What is in them can be made again by whoever put it there.
import { chmod, mkdir, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { Lease } from './lease.js'
import { withLock } from './lock.js'
import type { IdMode, StorePaths } from './paths.js'
import { namesIn, sizeOfTree } from './usage.js'

/** The lease's pin of a cache mount. */
export const mountPin = (idMode: IdMode, name: string): string => `mount-${idMode}-${name}`

/** The directory of a cache mount, made when absent, writable for all inside, as a tmpfs is (on the host only the store's owner gets there). It stays as long as
 *  this process has the store open. */
export async function useMountCache(paths: StorePaths, lease: Lease, name: string, idMode: IdMode): Promise<string> {
  lease.checkWritable(`cache mount ${name}`)
  const path = join(paths.mountCaches(idMode), name)
  // Not while caches are being removed: their list of what is in use could have been read already.
  await withLock(paths.collectLock(), false, undefined, async () => {
    const pin = mountPin(idMode, name)
    if (!lease.holds(pin)) lease.pin(pin)
    await mkdir(paths.mountCaches(idMode), { recursive: true, mode: 0o700 })
    if ((await mkdir(path, { recursive: true, mode: 0o700 })) !== undefined) await chmod(path, 0o1777)
    const now = new Date()
    await utimes(path, now, now)
  })
  return path
}

/** A cache mount on disk. */
export interface MountCache {
  readonly idMode: IdMode
  readonly name: string
  readonly path: string
  readonly bytes: number
  /** When a sandbox last got it, or put something at its top. In milliseconds since 1970. */
  readonly usedAtMs: number
}

/** All cache mounts, of every kind of process. */
export async function mountCaches(paths: StorePaths, signal: AbortSignal | undefined): Promise<readonly MountCache[]> {
  const found: MountCache[] = []
  for (const idMode of ['root', 'sub', 'single'] as const) {
    for (const name of await namesIn(paths.mountCaches(idMode))) {
      const path = join(paths.mountCaches(idMode), name)
      found.push({ idMode, name, path, bytes: await sizeOfTree(path, signal), usedAtMs: (await stat(path)).mtimeMs })
    }
  }
  return found
}
