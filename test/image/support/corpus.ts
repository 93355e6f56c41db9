// The shared corpus: where it lies, and how its layouts and archives are opened.
import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type ArchiveItem, readArchive, readLayout } from '../../../src/archive/index.js'
import { digestHex } from '../../../src/core/index.js'
import { type BlobReader, type Image, isImageIndex } from '../../../src/image/index.js'
import type { RandomAccess } from '../../../src/tar/index.js'

const top = fileURLToPath(new URL('../../../../shared/corpus/', import.meta.url))

/** Path of something in the corpus. */
export const corpus = (name: string): string => `${top}${name}`

/** Why a corpus test cannot run; undefined when it can. */
export const corpusMissing = (name = 'images'): string | undefined =>
  existsSync(corpus(name)) ? undefined : `no ../shared/corpus/${name} beside the repository`

/** Blobs of an OCI layout directory. */
export const layoutBlobs =
  (directory: string): BlobReader =>
  ({ digest }) =>
    createReadStream(`${directory}/blobs/sha256/${digestHex(digest)}`)

/** The items of an OCI layout directory. */
export function openLayout(directory: string): readonly ArchiveItem[] {
  const layoutFile = readFileSync(`${directory}/oci-layout`)
  const indexFile = readFileSync(`${directory}/index.json`)
  return readLayout({ layoutFile, indexFile }, layoutBlobs(directory))
}

/** The first image of a layout directory or archive file. */
export async function firstImage(path: string): Promise<Image> {
  const items = path.endsWith('.tar') ? (await readArchive(await fileAccess(path))).items : openLayout(path)
  const value = items[0]!.value
  return isImageIndex(value) ? (await value.images())[0]!.image : value
}

/** An open file to read at any offset. Stays open: tests are short. */
export async function fileAccess(path: string): Promise<RandomAccess> {
  const file = await open(path)
  const { size } = await file.stat()
  return {
    size,
    read: async (offset, length) => {
      const buffer = new Uint8Array(length)
      const { bytesRead } = await file.read(buffer, 0, length, offset)
      return buffer.subarray(0, bytesRead)
    },
  }
}

/** Bytes in memory to read at any offset. */
export const memoryAccess = (bytes: Uint8Array): RandomAccess => ({
  size: bytes.length,
  read: async (offset, length) => bytes.subarray(offset, offset + length),
})
