// Listing directories: getdents64(2), in the shapes of node:fs.
import { constants, Dirent, type PathLike } from 'node:fs'
import { posix } from 'node:path'
import { decodePath, type FsError } from '../../core/index.js'
import { O_DIRECTORY, OP, step } from '../../native/index.js'
import { encodeName, optionsOf, pathText } from './arguments.js'
import { type Call, type Inside, NO_LINKS, withMode } from './inside.js'
import { closeFd, openFd } from './open.js'

// Node has them, its types have not.
const uv = constants as unknown as Readonly<Record<`UV_DIRENT_${string}`, number>>

// DT_* of <dirent.h> to libuv's numbers.
const TYPES: Readonly<Record<number, number | undefined>> = {
  1: uv.UV_DIRENT_FIFO,
  2: uv.UV_DIRENT_CHAR,
  4: uv.UV_DIRENT_DIR,
  6: uv.UV_DIRENT_BLOCK,
  8: uv.UV_DIRENT_FILE,
  10: uv.UV_DIRENT_LINK,
  12: uv.UV_DIRENT_SOCKET,
}

// Node's constructor is not in its types.
const NodeDirent = Dirent as unknown as new (name: string | Buffer, type: number, parentPath: string) => Dirent

interface Listed {
  readonly name: Uint8Array
  readonly type: number
}

async function list(inside: Inside, path: string, call: Call, links: number): Promise<Listed[]> {
  const { entries } = await inside.ask(step(OP.fsReaddir, withMode(links, links === NO_LINKS ? 1 : 0), path), call)
  return entries.map(({ ints, strings }) => ({
    name: strings[0] ?? new Uint8Array(),
    type: TYPES[Number(ints[0] ?? 0n)] ?? 0,
  }))
}

interface ReaddirOptions {
  readonly encoding?: string | null
  readonly withFileTypes?: boolean
  readonly recursive?: boolean
}

/** Names, or entries with their types. With `recursive` also what is below, a directory's entries together; links are not followed. */
export async function readdir(inside: Inside, path: PathLike, options?: unknown): Promise<(string | Buffer | Dirent)[]> {
  const { encoding, withFileTypes = false, recursive = false } = optionsOf<ReaddirOptions>(options) as ReaddirOptions
  const text = pathText(path)
  const call = { syscall: 'scandir', path: text }
  const found: (string | Buffer | Dirent)[] = []
  const add = (below: string, { name, type }: Listed) => {
    if (withFileTypes) found.push(new NodeDirent(encodeName(name, encoding), type, below === '' ? text : posix.join(text, below)))
    else found.push(encodeName(below === '' ? name : `${below}/${decodePath(name)}`, encoding))
  }
  // An encoding nobody knows, even where there is no name to encode.
  encodeName('', encoding)
  if (!recursive) for (const entry of await list(inside, text, call, 0)) add('', entry)
  else await walk(inside, call, add)
  return found
}

async function walk(inside: Inside, call: Call, visit: (below: string, entry: Listed) => void): Promise<void> {
  const base = await openFd(inside, call.path, constants.O_RDONLY | O_DIRECTORY, 0, call)
  try {
    const queue = ['']
    for (let below = queue.shift(); below !== undefined; below = queue.shift()) {
      for (const entry of await listBelow(inside, below, { ...call, base })) {
        visit(below, entry)
        if (entry.type === uv.UV_DIRENT_DIR) queue.push(below === '' ? decodePath(entry.name) : `${below}/${decodePath(entry.name)}`)
      }
    }
  } finally {
    await closeFd(base)
  }
}

/** What was taken away or replaced by a link since it was listed is empty. */
async function listBelow(inside: Inside, below: string, call: Call): Promise<Listed[]> {
  try {
    return await list(inside, below === '' ? '.' : below, call, NO_LINKS)
  } catch (error) {
    if (below !== '' && ['ENOENT', 'ENOTDIR', 'ELOOP'].includes((error as FsError).code)) return []
    throw error
  }
}
