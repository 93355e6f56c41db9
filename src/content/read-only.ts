// Stores that cannot be written, or must not be: who finds out, and what a write says then.
import { constants, existsSync } from 'node:fs'
import { access } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StrataError } from '../core/index.js'
import type { StorePaths } from './paths.js'

/** What a write on a read-only store throws: a StrataError `ERR_STORE_READ_ONLY`. */
export const readOnlyError = (what: string): StrataError =>
  new StrataError(`${what}: the store is read-only`, {
    code: 'ERR_STORE_READ_ONLY',
    remedy: 'open a store that can be written, and bring the images over: store.load(path) takes the directory of a store',
  })

const REFUSALS = ['EROFS', 'EACCES', 'EPERM']

/** Whether a store is there that this user can only read. Nothing is tried out: access(2) knows of modes and of read-only mounts. */
export async function isUnwritable(paths: StorePaths): Promise<boolean> {
  if (!existsSync(paths.layout())) return false
  for (const path of [paths.root, paths.temporary(), paths.leases(), paths.locks(), paths.blobs()])
    if ((await refusal(path)) !== undefined) return true
  return false
}

/** @throws StrataError where no store can be made at `path`. (mkdir(2) itself would not always say why: with `recursive`, Node makes an ENOENT of an EROFS.) */
export async function checkCanBeMade(path: string): Promise<void> {
  let place = path
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place)
  const code = await refusal(place)
  if (code === undefined) return
  throw new StrataError(`no store can be made at ${path}: ${place} cannot be written (${code})`, {
    code: 'ERR_STORE_READ_ONLY',
    remedy: 'Store.open({ path }) with a directory that this user may write',
  })
}

/** Why `path` cannot be written; undefined where it can, or is not there. */
async function refusal(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.W_OK)
    return undefined
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (REFUSALS.includes(code)) return code
    if (code !== 'ENOENT') throw error
    return undefined
  }
}
