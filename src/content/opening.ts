// How a store begins: its directories and documents, made where they are not there yet, and this process's lease.
import { access, readdir, readFile } from 'node:fs/promises'
import { StrataError } from '../core/index.js'
import { checkLayoutFile, layoutFile, layoutIndex } from '../oci/index.js'
import { privateDirectory, replaceFile } from './durable.js'
import { Lease, sweepDead } from './lease.js'
import { withLock } from './lock.js'
import type { StorePaths } from './paths.js'
import { checkCanBeMade } from './read-only.js'

/** For a store that is there and is only read: nothing is made, locked or swept. @throws StrataError `ERR_STORE` for what is no store */
export async function leaseOfReader(paths: StorePaths): Promise<Lease> {
  try {
    checkLayoutFile(await readFile(paths.layout()))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
    throw new StrataError(`${paths.root} is no store, and only to be read`, {
      code: 'ERR_STORE',
      remedy: 'open it without readOnly, as a user who may write there: then one is made',
      cause,
    })
  }
  return Lease.none(paths)
}

/** Makes the store where it is absent or empty, and sweeps what dead processes left. @throws StrataError `ERR_STORE` for a directory with something else in it,
 *  `ERR_STORE_READ_ONLY` where none can be made */
export async function leaseOfUser(paths: StorePaths, signal: AbortSignal | undefined): Promise<Lease> {
  await refuseForeign(paths.root)
  await checkCanBeMade(paths.root)
  for (const directory of directoriesOf(paths)) await privateDirectory(directory)
  await sweepDead(paths)
  const lease = await Lease.take(paths)
  try {
    await withLock(paths.indexLock(), true, signal, () => initialize(paths, lease))
  } catch (error) {
    await lease.release()
    throw error
  }
  return lease
}

const directoriesOf = (paths: StorePaths): readonly string[] => [
  paths.root,
  paths.blobs(),
  ...(['root', 'sub', 'single'] as const).map((idMode) => paths.layers(idMode)),
  paths.sandboxes(),
  paths.cache(),
  paths.temporary(),
  paths.leases(),
  paths.locks(),
]

async function initialize(paths: StorePaths, lease: Lease): Promise<void> {
  if (!(await exists(paths.index()))) await replaceFile(paths.index(), layoutIndex([]), lease.temporary())
  if (await exists(paths.layout())) checkLayoutFile(await readFile(paths.layout()))
  else await replaceFile(paths.layout(), layoutFile(), lease.temporary())
}

const PARTS = ['blobs', 'layers', 'sandboxes', 'cache', 'tmp', 'leases', 'locks', 'index.json']

/** A directory that is no store, with somebody's files in it, stays as it is. */
async function refuseForeign(path: string): Promise<void> {
  if (!(await exists(path))) return
  const names = await readdir(path)
  // Another process may be making this store right now: it has some of its directories, and nothing else.
  if (names.includes('oci-layout') || names.every((name) => PARTS.includes(name))) return
  throw new StrataError(`${path} is neither empty nor a store`, {
    code: 'ERR_STORE',
    remedy: 'name an empty directory, or one that does not exist',
  })
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
