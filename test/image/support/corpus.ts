// The shared corpus's layouts and archives, opened; and bytes to read at any offset.
import { createReadStream, readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { type ArchiveItem, readArchive, readLayout } from '../../../src/archive/index.js'
import { digestHex } from '../../../src/core/index.js'
import { type BlobReader, type Image, isImageIndex } from '../../../src/image/index.js'
import type { RandomAccess } from '../../../src/tar/index.js'

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
  const items = path.endsWith('.tar') ? (await readArchive(memoryAccess(readFileSync(path)))).items : openLayout(path)
  const value = items[0]!.value
  return isImageIndex(value) ? (await value.images())[0]!.image : value
}

/** Bytes in memory to read at any offset. */
export const memoryAccess = (bytes: Uint8Array): RandomAccess => ({
  size: bytes.length,
  read: async (offset, length) => bytes.subarray(offset, offset + length),
})

/** A file to read at any offset while `use` runs. */
export async function withFile<T>(path: string, use: (input: RandomAccess) => Promise<T>): Promise<T> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    return await use({
      size,
      read: async (offset, length) => {
        const buffer = new Uint8Array(length)
        const { bytesRead } = await file.read(buffer, 0, length, offset)
        return buffer.subarray(0, bytesRead)
      },
    })
  } finally {
    await file.close()
  }
}
