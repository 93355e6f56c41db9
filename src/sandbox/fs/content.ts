// Whole files: readFile, writeFile, appendFile.
import { type PathLike, readFile as readHostFd, writeFile as writeHostFd } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { promisify } from 'node:util'
import { creationMode, openFlags, optionsOf, pathText } from './arguments.js'
import { type Call, callError, type Inside } from './inside.js'
import { closeFd, fileHandle, openFd, withFd } from './open.js'

const readFd = promisify(readHostFd)
const writeFd = promisify(writeHostFd)

interface ReadOptions {
  readonly encoding?: BufferEncoding | null
  readonly flag?: string | number
  readonly signal?: AbortSignal
}

interface WriteOptions extends ReadOptions {
  readonly mode?: unknown
  readonly flush?: boolean
}

const isHandle = (file: unknown): file is FileHandle => typeof (file as Partial<FileHandle>)?.readFile === 'function'

/** What Node's own calls on a descriptor reject with becomes an error of this path. */
async function named<T>(call: Call, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw callError(error, call)
  }
}

/** The whole file: text with an encoding, else a Buffer. */
export async function readFile(inside: Inside, file: PathLike | FileHandle, options?: unknown): Promise<string | Buffer> {
  const given = optionsOf<ReadOptions>(options)
  if (isHandle(file)) return file.readFile(given as ReadOptions)
  const path = pathText(file)
  const { flag, signal } = given as ReadOptions
  return withFd(inside, openFlags(flag, 'r'), 0o666, { syscall: 'open', path, signal }, (fd) =>
    named({ syscall: 'read', path, signal }, () =>
      readFd(fd, { encoding: given.encoding as BufferEncoding, ...(signal === undefined ? {} : { signal }) }),
    ),
  )
}

type Data =
  | Parameters<FileHandle['writeFile']>[0]
  | Iterable<string | NodeJS.ArrayBufferView>
  | AsyncIterable<string | NodeJS.ArrayBufferView>

const isWhole = (data: unknown): data is string | NodeJS.ArrayBufferView => typeof data === 'string' || ArrayBuffer.isView(data)

/** Before the file is opened, and so emptied. */
function checkData(data: unknown): void {
  const isIterable = typeof data === 'object' && data !== null && (Symbol.iterator in data || Symbol.asyncIterator in data)
  if (!isWhole(data) && !isIterable)
    throw new TypeError('data must be a string, a Buffer, a TypedArray, a DataView, a stream or an (async) iterable of these')
}

/** Writes a file from the start, or as `flag` says. */
export async function writeFile(
  inside: Inside,
  file: PathLike | FileHandle,
  data: unknown,
  options?: unknown,
  standard = 'w',
): Promise<void> {
  const given = optionsOf<WriteOptions>(options) as WriteOptions
  checkData(data)
  if (isHandle(file)) return file.writeFile(data as string, given)
  const path = pathText(file)
  const { encoding, signal, flush } = given
  const call = { syscall: 'write', path, signal }
  const fd = await openFd(inside, openFlags(given.flag, standard), creationMode(given.mode, 0o666), { ...call, syscall: 'open' })
  if (isWhole(data)) {
    const more = flush === undefined ? {} : { flush }
    try {
      await named(call, () => writeFd(fd, data, { encoding, signal, ...more }))
    } finally {
      await closeFd(fd)
    }
    return
  }
  const handle = await fileHandle(inside, fd, path)
  try {
    await named(call, () => handle.writeFile(data as string, { encoding, signal } as WriteOptions))
    if (flush === true) await named(call, () => handle.sync())
  } finally {
    await handle.close()
  }
}

/** Writes behind what is there. */
export const appendFile = (inside: Inside, file: PathLike | FileHandle, data: Data, options?: unknown): Promise<void> =>
  writeFile(inside, file, data, options, 'a')
