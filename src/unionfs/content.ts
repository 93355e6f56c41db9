// Whole contents: readFile, writeFile, copyFile of node:fs, on top of open().
import { FormatError } from '../core/index.js'
import { demand, READ, WRITE } from './access.js'
import { touchContent } from './attributes.js'
import { type Call, fail } from './fail.js'
import { FileData } from './file-data.js'
import { FileHandle } from './file-handle.js'
import type { FileInode } from './inode.js'
import { openInode } from './open.js'
import { O, parseFlags } from './open-flags.js'
import { copyUp } from './tree.js'
import type { Volume } from './volume.js'
import { find } from './walk.js'

/** What writeFile takes: text (as UTF-8), bytes, or a stream of either. */
export type FileContent = string | Uint8Array | Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>

/** The largest file that readFile gives in one piece; createReadStream has no limit. In bytes. */
const READ_FILE_MAX = 2 ** 31 - 1

/** The file's bytes as they are now, unmoved by later writes, as a stream. */
export function contentOf(volume: Volume, path: string): AsyncIterable<Uint8Array> {
  return regularFile(volume, path, { syscall: 'open', path }).data.snapshot().stream()
}

/** The file's bytes in one piece. @throws FsError EFBIG past 2 GiB */
export async function readFile(volume: Volume, path: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const call = { syscall: 'open', path }
  const inode = regularFile(volume, path, call)
  // In turn: what was being written when the call was made is seen whole.
  const data = await inode.data.exclusive(() => inode.data.snapshot())
  if (data.size > READ_FILE_MAX) throw fail('EFBIG', { syscall: 'read', path })
  const bytes = new Uint8Array(data.size)
  let at = 0
  for await (const chunk of abortable(data.stream(), signal)) {
    if (at + chunk.length > data.size) throw new FormatError('a file in a layer is longer than its entry says')
    bytes.set(chunk, at)
    at += chunk.length
  }
  if (at < data.size) throw new FormatError('a file in a layer is shorter than its entry says')
  return bytes
}

function regularFile(volume: Volume, path: string, call: Call): FileInode {
  const inode = find(volume, path, true, call)
  demand(volume, inode, READ, call)
  if (inode.type === 'directory') throw fail('EISDIR', { ...call, syscall: 'read' })
  if (inode.type !== 'file') throw fail('ENXIO', call)
  return inode
}

/** Replaces (or with the flags, appends to) a file's content. A stream is taken in whole before the file is touched, so one that fails changes nothing. */
export async function writeFile(
  volume: Volume,
  path: string,
  content: FileContent,
  options: { flag: string | number; mode: number; signal: AbortSignal | undefined },
): Promise<void> {
  const taken = new FileData()
  const reader = taken.reader()
  for await (const chunk of abortable(chunksOf(content), options.signal)) await taken.write(chunk, taken.size, reader)
  const flags = parseFlags(options.flag)
  const inode = await openInode(volume, path, flags, options.mode)
  if (flags.write && flags.truncate && inode.type === 'file') return adopt(volume, inode, taken)
  await using handle = new FileHandle(volume, inode, flags, path)
  for await (const chunk of taken.stream()) await handle.write(chunk)
}

/** Gives `inode` the bytes of `data`, which nobody may use any more. */
function adopt(volume: Volume, inode: FileInode, data: FileData): Promise<void> {
  return inode.data.exclusive(() => {
    copyUp(inode)
    inode.data.replaceWith(data)
    touchContent(volume, inode)
  })
}

async function* chunksOf(content: FileContent): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  const parts = typeof content === 'string' || content instanceof Uint8Array ? [content] : content
  if (typeof parts !== 'object' || parts === null || !(Symbol.iterator in parts || Symbol.asyncIterator in parts))
    throw new TypeError('writeFile: content must be a string, a Uint8Array, or an iterable of those')
  for await (const part of parts) {
    if (typeof part === 'string') yield encoder.encode(part)
    else if (part instanceof Uint8Array) yield part
    else throw new TypeError(`writeFile: a chunk must be a string or a Uint8Array, not ${typeof part}`)
  }
}

async function* abortable<T>(source: AsyncIterable<T>, signal: AbortSignal | undefined): AsyncGenerator<T> {
  for await (const item of source) {
    signal?.throwIfAborted()
    yield item
  }
  signal?.throwIfAborted()
}

/** The file that truncate(2) cuts. @throws FsError EISDIR, EINVAL for what has no content */
export function truncatable(volume: Volume, path: string, call: Call): FileInode {
  const inode = find(volume, path, true, call)
  if (inode.type === 'directory') throw fail('EISDIR', call)
  if (inode.type !== 'file') throw fail('EINVAL', call)
  demand(volume, inode, WRITE, call)
  return inode
}

/** copyFile of node:fs: content and permission bits. The bytes are shared until one side is written. @throws FsError EEXIST with `exclusive` */
export async function copyFile(volume: Volume, from: string, to: string, exclusive: boolean): Promise<void> {
  const source = regularFile(volume, from, { syscall: 'copyfile', path: from, dest: to })
  const target = await openInode(volume, to, parseFlags(exclusive ? O.WRONLY | O.CREAT | O.EXCL : O.WRONLY | O.CREAT), source.mode)
  // Linux's copy of a file to itself leaves it whole.
  if (target !== source && target.type === 'file') await adopt(volume, target, await source.data.exclusive(() => source.data.snapshot()))
}
