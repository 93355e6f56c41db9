// The spool of Node: one file a view, without a name from the start, so that nothing of it outlives the process.
import { randomBytes } from 'node:crypto'
import { close, constants, ftruncate, open, read, unlink, write } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Room, Spool } from './spool.js'

export type { Room, Spool } from './spool.js'

const [closeFile, cutFile, openFile, readAt, unlinkFile, writeAt] = [close, ftruncate, open, read, unlink, write].map(
  promisify,
) as unknown as [
  (fd: number) => Promise<void>,
  (fd: number, length: number) => Promise<void>,
  (path: string, flags: number, mode: number) => Promise<number>,
  (fd: number, to: Uint8Array, offset: number, length: number, position: number) => Promise<{ bytesRead: number }>,
  (path: string) => Promise<void>,
  (fd: number, from: Uint8Array, offset: number, length: number, position: number) => Promise<{ bytesWritten: number }>,
]

/** All that one view lays aside on disk: a small layer can claim to be any size. */
const FILE_MAX_BYTES = 16 * 2 ** 30
const ZEROS = Buffer.alloc(256 * 1024)

/** Large files that need not survive: /tmp is often memory, /var/tmp (hier(7)) is not. */
const directory = (): string => process.env['TMPDIR'] ?? (process.platform === 'win32' ? tmpdir() : '/var/tmp')

/** Views that nobody has any more are not closed by anybody either. */
const forgotten = new FinalizationRegistry<number>((fd) => void closeFile(fd))

/** A spool in a file. */
export const createSpool = (): Spool => new FileSpool()

class FileSpool implements Spool {
  #fd: Promise<number | undefined> | undefined
  #end = 0

  async room(bytes: number): Promise<Room | undefined> {
    this.#fd ??= this.#open()
    const fd = await this.#fd
    if (fd === undefined || this.#end + bytes > FILE_MAX_BYTES) return undefined
    const start = this.#end
    this.#end += bytes
    await cutFile(fd, this.#end)
    // A room keeps its spool, and with it the file, from being forgotten.
    return {
      write: (offset, part) => this.#write(fd, start + offset, part),
      read: (offset, length) => this.#read(fd, start + offset, length),
    }
  }

  close(): void {
    const opened = this.#fd
    this.#fd = undefined
    this.#end = 0
    forgotten.unregister(this)
    void opened?.then((fd) => (fd === undefined ? undefined : closeFile(fd)))
  }

  async #open(): Promise<number | undefined> {
    const path = join(directory(), `stratabox-view-${process.pid}-${randomBytes(6).toString('hex')}`)
    try {
      const fd = await openFile(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600)
      await unlinkFile(path)
      forgotten.register(this, fd, this)
      return fd
    } catch (error) {
      // A read-only or full disk: then there is no room, and layers are read as streams.
      if (typeof (error as NodeJS.ErrnoException).errno === 'number') return undefined
      throw error
    }
  }

  async #write(fd: number, position: number, bytes: Uint8Array): Promise<void> {
    // Nothing but zeros: the file has a hole there, which takes no room, however much of it a hostile layer has.
    if (bytes.length <= ZEROS.length && ZEROS.subarray(0, bytes.length).equals(bytes)) return
    for (let at = 0; at < bytes.length; ) at += (await writeAt(fd, bytes, at, bytes.length - at, position + at)).bytesWritten
  }

  async #read(fd: number, position: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length; ) {
      const { bytesRead } = await readAt(fd, bytes, at, length - at, position + at)
      if (bytesRead === 0) return bytes.subarray(0, at)
      at += bytesRead
    }
    return bytes
  }
}
