// Writes that survive a crash: temporary file, fsync, rename, fsync of the directory (rename(2), fsync(2)).
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { withSpace } from './no-space.js'

/** Makes a directory (and those above it) that only its owner may enter. One that exists stays as it is. */
export async function privateDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
}

/** A directory, whose descriptor the addon works below. */
export const openDirectory = (path: string): Promise<FileHandle> => open(path, 'r')

/** fsync(2) of a directory: makes the names in it durable. NTFS keeps a journal of them, and lets nobody flush a directory. */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const directory = await openDirectory(path)
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** Moves a complete, synced file to its name and makes the name durable. */
export async function publish(temporary: string, path: string): Promise<void> {
  await rename(temporary, path)
  await syncDirectory(dirname(path))
}

/** Replaces `path` with `bytes`, whole or not at all. `temporary` must be on the same file system. */
export async function replaceFile(path: string, bytes: Uint8Array, temporary: string): Promise<void> {
  try {
    const file = await open(temporary, 'wx', 0o644)
    try {
      await withSpace('writing to the store', () => file.writeFile(bytes))
      await file.sync()
    } finally {
      await file.close()
    }
    await publish(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
