// rm of node:fs/promises.
import type { PathLike } from 'node:fs'
import { ERRNO, FsError } from '../../core/index.js'
import { OP, step } from '../../native/index.js'
import { optionsOf, pathText } from './arguments.js'
import type { Call, Inside } from './inside.js'
import { isDirectory, type RawStat, statPath } from './stats.js'

/** Names removed before the helper turns to somebody else's request. */
const NAMES_AT_A_TIME = 5000

interface RmOptions {
  readonly force?: boolean
  readonly recursive?: boolean
}

/** Removes a file, or with `recursive` a tree; with `force` what is not there is no error. A mount point is EBUSY, and so is what holds one. */
export async function rm(inside: Inside, path: PathLike, options?: unknown): Promise<void> {
  const text = pathText(path)
  const { force = false, recursive = false } = optionsOf<RmOptions>(options) as RmOptions
  const call = { syscall: 'rm', path: text }
  const found = await lookUp(inside, call, force)
  if (found === undefined) return
  if (!isDirectory(found)) {
    await inside.ask(step(OP.fsUnlink, [0], text), call)
    return
  }
  if (!recursive) throw new FsError({ code: 'ERR_FS_EISDIR', errno: -ERRNO.EISDIR, ...call, message: 'path is a directory' })
  for (let more = 1n; more === 1n; ) [more = 0n] = (await inside.ask(step(OP.fsRemoveTree, [NAMES_AT_A_TIME], text), call)).ints
}

async function lookUp(inside: Inside, call: Call, force: boolean): Promise<RawStat | undefined> {
  try {
    return await statPath(inside, call, false)
  } catch (error) {
    if (force && (error as FsError).code === 'ENOENT') return undefined
    throw error
  }
}
