// load and save: images as directories and files on the host.
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { type ArchiveItem, ociLayout, readArchive, readLayout, writeDockerArchive, writeOciArchive } from '../archive/index.js'
import { BASE_ANNOTATION } from '../builder/index.js'
import { digestHex, FormatError, StrataError, UnsupportedError } from '../core/index.js'
import { type Image, type ImageIndex, isImageIndex } from '../image/index.js'

/** The forms that `save` writes. */
export type SaveFormat = 'oci-layout' | 'oci-archive' | 'docker-archive'

/** Reads what is at `path`, a layout's directory or an archive, and hands its items on; they can be read until `use` is done. */
export async function withLoaded<T>(path: string, use: (items: readonly ArchiveItem[]) => Promise<T>): Promise<T> {
  if ((await statOf(path)).isDirectory()) {
    const files = { layoutFile: await readSmall(join(path, 'oci-layout')), indexFile: await readSmall(join(path, 'index.json')) }
    return use(readLayout(files, ({ digest }) => fileBytes(join(path, 'blobs', 'sha256', digestHex(digest)))))
  }
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const { items } = await readArchive({ size, read: (offset, length) => readAt(file, offset, length) })
    return await use(items)
  } finally {
    await file.close()
  }
}

/** Writes an image (or index) to `path`, whole or not at all. An existing file is replaced; a directory must be empty or absent.
 *  @throws UnsupportedError for an image on the host's own files, unless allowed */
export async function saveTo(
  item: ArchiveItem,
  path: string,
  options: { readonly format: SaveFormat; readonly allowHostBase: boolean; readonly signal: AbortSignal | undefined },
): Promise<void> {
  if (!options.allowHostBase) await refuseHostBase(item.value)
  switch (options.format) {
    case 'oci-layout':
      return saveLayout(item, path, options.signal)
    case 'oci-archive':
      return saveStream(writeOciArchive([item]), path, options.signal)
    case 'docker-archive':
      return saveStream(writeDockerArchive([item]), path, options.signal)
  }
}

async function refuseHostBase(value: Image | ImageIndex): Promise<void> {
  const images = isImageIndex(value) ? (await value.images()).map(({ image }) => image) : [value]
  for (const image of images) {
    if ((await image.manifest()).annotations?.[BASE_ANNOTATION] !== 'host') continue
    throw new UnsupportedError(`save: ${image.digest} sits on this host's own system files, which are not in it`, {
      code: 'ERR_HOST_BASE',
      remedy: "build it from 'scratch' or an image, or pass { allowHostBase: true }",
    })
  }
}

async function saveLayout(item: ArchiveItem, path: string, signal: AbortSignal | undefined): Promise<void> {
  const existed = await isDirectory(path)
  if (existed && (await readdir(path)).length > 0) {
    throw new StrataError(`save: ${path} is not empty`, {
      code: 'ENOTEMPTY',
      remedy: 'name an empty directory, or one that does not exist',
    })
  }
  const layout = await ociLayout([item])
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
