// Directories: mkdir(2), with all that is missing above; mkdtemp(3).
import { randomInt } from 'node:crypto'
import type { PathLike } from 'node:fs'
import { ERRNO, type FsError } from '../../core/index.js'
import { OP, step } from '../../native/index.js'
import { creationMode, encodeName, optionsOf, pathText } from './arguments.js'
import { type Call, errnoError, type Inside } from './inside.js'
import { isDirectory, statPath } from './stats.js'

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'

async function make(inside: Inside, at: string, mode: number, call: Call): Promise<void> {
  const { uid, gid } = await inside.user()
  await inside.ask(step(OP.fsMkdir, [mode, uid, gid], at), call)
}

/** mkdir of node:fs/promises. With `recursive`: the first directory that was made, undefined when all were there. */
export async function mkdir(inside: Inside, path: PathLike, options?: unknown): Promise<string | undefined> {
  const text = pathText(path)
  const { recursive = false, mode } =
    typeof options === 'object' && options !== null ? (options as { recursive?: boolean; mode?: unknown }) : { mode: options }
  const bits = creationMode(mode, 0o777)
  if (recursive) return makeAll(inside, text, bits)
  await make(inside, text, bits, { syscall: 'mkdir', path: text })
  return undefined
}

// As text: ".." in the middle stays, and the kernel says where it leads.
const above = (path: string): string =>
  path
    .replace(/\/+$/, '')
    .replace(/[^/]*$/, '')
    .replace(/(?<=.)\/+$/, '') || '.'

type Outcome = 'made' | 'there' | 'parent is missing'

async function tryMake(inside: Inside, at: string, mode: number, call: Call): Promise<Outcome> {
  try {
    await make(inside, at, mode, call)
    return 'made'
  } catch (error) {
    const { code } = error as FsError
    if (code === 'ENOENT') return 'parent is missing'
    if (code === 'EEXIST' && isDirectory(await statPath(inside, { ...call, at }, true))) return 'there'
    throw error
  }
}

/** mkdir -p: up to what is there, and down again. The first directory that was made. */
export async function makeAll(inside: Inside, path: string, mode: number, signal?: AbortSignal): Promise<string | undefined> {
  const call: Call = { syscall: 'mkdir', path, signal }
  const missing = [path]
  let first: string | undefined
  let isClimbing = true
  for (let at = missing.at(-1); at !== undefined; at = missing.at(-1)) {
    const outcome = await tryMake(inside, at, mode, call)
    if (outcome === 'parent is missing') {
      if (!isClimbing || at === '.') throw errnoError(ERRNO.ENOENT, call)
      missing.push(above(at))
      continue
    }
    if (outcome === 'made') first ??= at
    isClimbing = false
    missing.pop()
  }
  return first
}

/** mkdtemp(3): six characters behind the prefix, mode 0700. */
export async function mkdtemp(inside: Inside, prefix: PathLike, options?: unknown): Promise<string | Buffer> {
  const text = pathText(prefix, 'prefix')
  const { encoding } = optionsOf(options)
  for (let attempt = 0; ; attempt++) {
    const path = text + Array.from({ length: 6 }, () => LETTERS[randomInt(LETTERS.length)]).join('')
    try {
      await make(inside, path, 0o700, { syscall: 'mkdtemp', path: `${text}XXXXXX` })
      return encodeName(path, encoding)
    } catch (error) {
      if ((error as FsError).code !== 'EEXIST' || attempt === 100) throw error
    }
  }
}
