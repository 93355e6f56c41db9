// load and save: images as directories and files on the host.
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type ArchiveItem, ociLayout, readArchive, readLayout, writeDockerArchive, writeOciArchive } from '../archive/index.js'
import { decompress, detectCompression, MAGIC_BYTES } from '../compress/index.js'
import type { ContentStore } from '../content/index.js'
import { digestHex, FormatError, StrataError } from '../core/index.js'
import { refuseHostBase } from './host-base.js'

/** The forms that `save` writes. */
export type SaveFormat = 'oci-layout' | 'oci-archive' | 'docker-archive'

/** What is loaded from: a path, or the bytes of an archive. */
export type LoadSource = string | AsyncIterable<Uint8Array>

/** Reads a layout's directory or an archive and hands its items on; they can be read until `use` is done. A stream and a compressed archive are kept in
 *  a file of the store meanwhile: an archive's index comes last. */
export async function withLoaded<T>(
  source: LoadSource,
  context: { readonly content: ContentStore; readonly signal: AbortSignal | undefined },
  use: (items: readonly ArchiveItem[]) => Promise<T>,
): Promise<T> {
  if (typeof source !== 'string') return withSpooled(source, context, use)
  if ((await statOf(source)).isDirectory()) {
    const files = { layoutFile: await readSmall(join(source, 'oci-layout')), indexFile: await readSmall(join(source, 'index.json')) }
    return use(readLayout(files, ({ digest }) => fileBytes(join(source, 'blobs', 'sha256', digestHex(digest)))))
  }
  if (detectCompression(await headOf(source)) !== 'none') return withSpooled(fileBytes(source), context, use)
  return withArchive(source, use)
}

async function withArchive<T>(path: string, use: (items: readonly ArchiveItem[]) => Promise<T>): Promise<T> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const { items } = await readArchive({ size, read: (offset, length) => readAt(file, offset, length) })
    return await use(items)
  } finally {
    await file.close()
  }
}

async function headOf(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r')
  try {
    return await readAt(file, 0, MAGIC_BYTES)
  } finally {
    await file.close()
  }
}

/** @throws TypeError for what cannot be loaded from */
export function loadSource(from: LoadSource): LoadSource {
  if (typeof from === 'string' && from !== '' && !from.includes('\0')) return from === '-' ? process.stdin : resolve(from)
  if (typeof from === 'object' && from !== null && typeof from[Symbol.asyncIterator] === 'function') return from
  throw new TypeError("load: from must be a path, '-' or a stream of bytes")
}

/** @throws TypeError for what cannot be saved to */
export function saveTarget(to: SaveTarget): SaveTarget {
  if (typeof to === 'string' && to !== '' && !to.includes('\0')) return to === '-' ? process.stdout : resolve(to)
  if (typeof to === 'object' && to !== null && typeof to.write === 'function') return to
  throw new TypeError("save: to must be a path, '-' or a writable stream")
}

async function withSpooled<T>(
  bytes: AsyncIterable<Uint8Array>,
  context: { readonly content: ContentStore; readonly signal: AbortSignal | undefined },
  use: (items: readonly ArchiveItem[]) => Promise<T>,
): Promise<T> {
  const { path } = await context.content.scratch()
  try {
    const spooled = join(path, 'archive')
    await writeStream(decompress(bytes, 'detect'), spooled, context.signal)
    // Not decompressed again: there are streams that decompress to themselves.
    return await withArchive(spooled, use)
  } finally {
    await rm(path, { recursive: true, force: true })
  }
}

/** Where an image is saved to: a path, or a stream that takes an archive. */
export type SaveTarget = string | NodeJS.WritableStream

/** Writes images (or indexes) to a path, whole or not at all, or into a stream, which is ended (but for this process's own). An existing file is replaced; a
 *  directory must be empty or absent. @throws UnsupportedError for an image on the host's own files, unless allowed */
export async function saveTo(
  items: readonly ArchiveItem[],
  target: SaveTarget,
  options: { readonly format: SaveFormat; readonly allowHostBase: boolean; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const { format, signal } = options
  if (!options.allowHostBase) for (const { value } of items) await refuseHostBase(value, 'save')
  if (format !== 'oci-layout') {
    const bytes = format === 'oci-archive' ? writeOciArchive(items) : writeDockerArchive(items)
    return typeof target === 'string' ? saveStream(bytes, target, signal) : pipeInto(bytes, target, signal)
  }
  if (typeof target !== 'string') throw new TypeError('save: an oci-layout is a directory, and no stream takes it')
  return saveLayout(items, target, signal)
}

async function pipeInto(bytes: AsyncIterable<Uint8Array>, target: NodeJS.WritableStream, signal: AbortSignal | undefined): Promise<void> {
  const isOurs = target === process.stdout || target === process.stderr
  await pipeline(bytes, target, { end: !isOurs, ...(signal === undefined ? {} : { signal }) })
}

async function saveLayout(items: readonly ArchiveItem[], path: string, signal: AbortSignal | undefined): Promise<void> {
  const existed = await isDirectory(path)
  if (existed && (await readdir(path)).length > 0) {
    throw new StrataError(`save: ${path} is not empty`, {
      code: 'ENOTEMPTY',
      remedy: 'name an empty directory, or one that does not exist',
    })
  }
  const layout = await ociLayout(items)
  const draft = await beside(path)
  try {
    await mkdir(join(draft, 'blobs', 'sha256'), { recursive: true })
    for (const { descriptor, open: bytes } of layout.blobs)
      await writeStream(bytes(), join(draft, 'blobs', 'sha256', digestHex(descriptor.digest)), signal)
    await writeFile(join(draft, 'oci-layout'), layout.layoutFile)
    await writeFile(join(draft, 'index.json'), layout.indexFile)
    signal?.throwIfAborted()
    // rename(2) replaces an empty directory.
    await rename(draft, path)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

async function saveStream(bytes: AsyncIterable<Uint8Array>, path: string, signal: AbortSignal | undefined): Promise<void> {
  const draft = await beside(path)
  try {
    await writeStream(bytes, draft, signal)
    await rename(draft, path)
  } finally {
    await rm(draft, { force: true })
  }
}

async function writeStream(bytes: AsyncIterable<Uint8Array>, path: string, signal: AbortSignal | undefined): Promise<void> {
  const file = await open(path, 'wx', 0o644)
  try {
    for await (const chunk of bytes) {
      signal?.throwIfAborted()
      for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at)).bytesWritten
    }
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A name in the same directory that nobody else uses. */
async function beside(path: string): Promise<string> {
  const absolute = resolve(path)
  return join(dirname(absolute), `.${basename(absolute)}.${process.pid}-${Date.now().toString(36)}`)
}

async function readAt(file: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(length)
  const { bytesRead } = await file.read(buffer, 0, length, offset)
  return buffer.subarray(0, bytesRead)
}

async function* fileBytes(path: string): AsyncGenerator<Uint8Array> {
  // A blob is a file: a link could lead anywhere on the host.
  const file = await openBlob(path)
  try {
    for (let at = 0; ; ) {
      const chunk = await readAt(file, at, 256 * 1024)
      if (chunk.length === 0) return
      yield chunk
      at += chunk.length
    }
  } finally {
    await file.close()
  }
}

async function openBlob(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'ELOOP') throw cause
    throw new FormatError(`the layout has no blob sha256:${basename(path)}`, { cause })
  }
}

const SMALL_MAX_BYTES = 4 * 2 ** 20

async function readSmall(path: string): Promise<Uint8Array> {
  const { size } = await statOf(path)
  if (size > SMALL_MAX_BYTES) throw new StrataError(`load: ${path} has more than ${SMALL_MAX_BYTES} bytes`, { code: 'ERR_FORMAT' })
  return readFile(path)
}

async function statOf(path: string) {
  try {
    return await stat(path)
  } catch (cause) {
    const { code = 'EIO' } = cause as NodeJS.ErrnoException
    throw new StrataError(`load: ${path} cannot be read: ${code}`, {
      code,
      remedy: 'name an OCI layout directory, an OCI archive or a docker archive',
      cause,
    })
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
