// Blobs from far away: what an earlier try got is kept, and only the rest is asked for. Nothing has a blob's name before its digest is checked.
import { constants } from 'node:fs'
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSha256, type Hasher } from '#hash'
import { DigestMismatchError, unlessGone } from '../core/index.js'
import { native } from '../native/index.js'
import { BatchWriter } from './batch-writer.js'
import type { BlobName, Blobs } from './blobs.js'
import type { StorePaths } from './paths.js'

/** The bytes of a blob from `offset` on. They need not be verified. */
export type ReadFrom = (offset: number) => AsyncIterable<Uint8Array>

/** Options of `receiveBlob`. */
export interface ReceiveOptions {
  readonly signal?: AbortSignal | undefined
  /** Told how many bytes are here: first those of earlier tries, then with each chunk. */
  readonly onProgress?: ((bytes: number) => void) | undefined
}

const LOCK_POLL_MS = 20
const READ_BYTES = 1024 * 1024

/** Brings a blob into the store and keeps it; false where it was there. When it fails, what came stays for the next try, in this process or another; two that want
 *  the same blob at the same time fetch it once. Its bytes are durable then, its name is after `blobs.settle()`. @throws DigestMismatchError for bytes that are not it; these do not stay */
export async function receiveBlob(blobs: Blobs, name: Required<BlobName>, from: ReadFrom, options: ReceiveOptions = {}): Promise<boolean> {
  // First kept, then looked for: in between nothing can be collected.
  await blobs.keep([name.digest])
  if (await blobs.has(name)) return false
  blobs.lease.checkWritable('fetching a blob')
  const path = blobs.paths.partial(name.digest)
  const file = await openLocked(path, options.signal)
  let isKept = false
  try {
    // While this one waited, another may have brought it.
    if (await blobs.has(name)) return false
    try {
      await complete(file, name, from, options)
    } catch (error) {
      isKept = !(error instanceof DigestMismatchError) && (await file.stat()).size > 0
      throw error
    }
    await file.sync()
    await rename(path, blobs.paths.blob(name.digest))
    isKept = true
    return true
  } finally {
    // Removed before its lock ends: nobody else can have it open by then as theirs.
    if (!isKept) await rm(path, { force: true })
    await file.close()
  }
}

/** Fetches what is missing. Where what was here turns out wrong, all of it, once. */
async function complete(file: FileHandle, name: Required<BlobName>, from: ReadFrom, options: ReceiveOptions): Promise<void> {
  const { size } = await file.stat()
  if (size > 0 && size <= name.size) {
    const hash = createSha256()
    await hashFile(file, hash, size, options.signal)
    try {
      return await append(file, name, from, size, hash, options)
    } catch (error) {
      if (!(error instanceof DigestMismatchError)) throw error
    }
  }
  await file.truncate(0)
  await append(file, name, from, 0, createSha256(), options)
}

async function append(
  file: FileHandle,
  { digest, size }: Required<BlobName>,
  from: ReadFrom,
  offset: number,
  hash: Hasher,
  { signal, onProgress }: ReceiveOptions,
): Promise<void> {
  let at = offset
  onProgress?.(at)
  const writer = new BatchWriter(file, at)
  try {
    if (at < size) {
      for await (const chunk of from(at)) {
        signal?.throwIfAborted()
        if (at + chunk.length > size) throw new DigestMismatchError(`${size} bytes`, 'more', `blob ${digest}`)
        hash.update(chunk)
        await writer.add(chunk)
        at += chunk.length
        onProgress?.(at)
      }
    }
  } finally {
    await writer.end()
  }
  if (at !== size) throw new DigestMismatchError(`${size} bytes`, `${at}`, `blob ${digest}`)
  const actual = `sha256:${hash.hex()}`
  if (actual !== digest) throw new DigestMismatchError(digest, actual, 'blob')
}

async function hashFile(file: FileHandle, hash: Hasher, size: number, signal: AbortSignal | undefined): Promise<void> {
  const buffer = new Uint8Array(READ_BYTES)
  for (let at = 0; at < size; ) {
    signal?.throwIfAborted()
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at)
    if (bytesRead === 0) return
    hash.update(buffer.subarray(0, bytesRead))
    at += bytesRead
  }
}

/** The file, made if absent, under its own exclusive lock. */
async function openLocked(path: string, signal: AbortSignal | undefined): Promise<FileHandle> {
  for (;;) {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o644)
    try {
      while (!native().flock(file.fd, true)) {
        signal?.throwIfAborted()
        await sleep(LOCK_POLL_MS)
      }
      // Whoever had the lock may have finished the file, or removed it: then this is a file without a name.
      if (await isAt(file, path)) return file
    } catch (error) {
      await file.close()
      throw error
    }
    await file.close()
  }
}

async function isAt(file: FileHandle, path: string): Promise<boolean> {
  try {
    const [here, there] = [await file.stat(), await stat(path)]
    return here.ino === there.ino && here.dev === there.dev
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/** Removes what unfinished downloads left, but for those under way. Returns how many bytes. */
export async function removePartials(paths: StorePaths): Promise<number> {
  let freed = 0
  for (const name of await readdir(paths.temporary())) {
    if (!paths.isPartial(name)) continue
    const path = join(paths.temporary(), name)
    const file = await unlessGone(() => open(path, constants.O_RDWR | constants.O_NOFOLLOW))
    if (file === undefined) continue
    try {
      if (!native().flock(file.fd, true) || !(await isAt(file, path))) continue
      freed += (await file.stat()).size
      await rm(path, { force: true })
    } finally {
      await file.close()
    }
  }
  return freed
}
