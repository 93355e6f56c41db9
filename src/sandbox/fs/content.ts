// Whole files: readFile, writeFile, appendFile.
import { fsync, type PathLike } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { promisify } from 'node:util'
import { creationMode, openFlags, optionsOf, pathText } from './arguments.js'
import { readAll, writeAll } from './bytes.js'
import { type Call, callError, type Inside } from './inside.js'
import { closeFd, openFd, withFd } from './open.js'

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

/** @throws TypeError for an encoding Node does not know */
function checkEncoding(encoding: unknown): BufferEncoding | undefined {
  if (encoding === undefined || encoding === null || encoding === 'buffer') return undefined
  if (!Buffer.isEncoding(encoding as string)) throw new TypeError(`encoding: ${JSON.stringify(encoding)} is not one of Node's`)
  return encoding as BufferEncoding
}

/** The whole file: text with an encoding, else a Buffer. */
export async function readFile(inside: Inside, file: PathLike | FileHandle, options?: unknown): Promise<string | Buffer> {
  const given = optionsOf<ReadOptions>(options) as ReadOptions
  if (isHandle(file)) return file.readFile(given)
  const path = pathText(file)
  const { flag, signal } = given
  const encoding = checkEncoding(given.encoding)
  const bytes = await withFd(inside, path, openFlags(flag, 'r'), { syscall: 'open', path, signal }, (fd) =>
    named({ syscall: 'read', path, signal }, () => readAll(fd, path, signal)),
  )
  return encoding === undefined ? bytes : bytes.toString(encoding)
}

type Chunk = string | NodeJS.ArrayBufferView

const isChunk = (data: unknown): data is Chunk => typeof data === 'string' || ArrayBuffer.isView(data)

/** What is written, chunk by chunk. Called before the file is opened, and so emptied. @throws TypeError */
function chunksOf(data: unknown): Iterable<unknown> | AsyncIterable<unknown> {
  if (isChunk(data)) return [data]
  if (typeof data === 'object' && data !== null && (Symbol.iterator in data || Symbol.asyncIterator in data))
    return data as Iterable<unknown>
  throw new TypeError('data must be a string, a Buffer, a TypedArray, a DataView, a stream or an (async) iterable of these')
}

function bytesOf(chunk: unknown, encoding: BufferEncoding | undefined): Uint8Array {
  if (!isChunk(chunk)) throw new TypeError('a chunk of data must be a string, a Buffer, a TypedArray or a DataView')
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding) : new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
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
  const chunks = chunksOf(data)
  if (isHandle(file)) return file.writeFile(data as string, given)
  const path = pathText(file)
  const { signal, flush = false } = given
  const encoding = checkEncoding(given.encoding)
  const call = { syscall: 'write', path, signal }
  const flags = openFlags(given.flag, standard)
  const fd = await openFd(inside, path, flags, creationMode(given.mode, 0o666), { ...call, syscall: 'open' })
  try {
    await named(call, async () => {
      for await (const chunk of chunks) await writeAll(fd, bytesOf(chunk, encoding), null, signal)
      if (flush) await promisify(fsync)(fd)
    })
  } finally {
    await closeFd(fd)
  }
}

/** Writes behind what is there. */
export const appendFile = (inside: Inside, file: PathLike | FileHandle, data: unknown, options?: unknown): Promise<void> =>
  writeFile(inside, file, data, options, 'a')
