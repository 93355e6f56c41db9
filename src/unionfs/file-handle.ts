// An open file, in the shape of node:fs/promises' FileHandle. It holds the inode: renamed, unlinked or replaced, it goes on as Linux has it.
import { changeMode, changeOwner, changeTimes, type TimeLike, touchContent } from './attributes.js'
import type { BaseReader } from './base-reader.js'
import { type Call, fail } from './fail.js'
import { FILE_SIZE_MAX, type FileData } from './file-data.js'
import type { FileInode, Inode } from './inode.js'
import type { OpenFlags } from './open-flags.js'
import { Stats } from './stats.js'
import { copyUp } from './tree.js'
import type { Volume } from './volume.js'

/** An open file or directory. Close it: it may hold a stream of the layer open. */
export class FileHandle implements AsyncDisposable {
  readonly #volume: Volume
  readonly #inode: Inode
  readonly #flags: OpenFlags
  readonly #path: string
  #reader: BaseReader | undefined
  #position = 0
  #closed = false

  /** For open() alone. */
  constructor(volume: Volume, inode: Inode, flags: OpenFlags, path: string) {
    this.#volume = volume
    this.#inode = inode
    this.#flags = flags
    this.#path = path
  }

  /** Reads into `buffer` from `position` (null or undefined: where the last read or write ended). `bytesRead` is 0 at the end. */
  async read<B extends Uint8Array>(
    buffer: B,
    offset = 0,
    length: number = buffer.length - offset,
    position: number | bigint | null = null,
  ): Promise<{ bytesRead: number; buffer: B }> {
    const call = this.#call('read')
    if (!this.#flags.read) throw fail('EBADF', call)
    if (this.#inode.type === 'directory') throw fail('EISDIR', call)
    const target = part(buffer, offset, length)
    const { data } = this.#file(call)
    const bytesRead = await data.exclusive(async () => {
      const at = this.#at(position, call)
      const count = await data.read(target, at, this.#readerOf(data))
      if (position === null) this.#position = at + count
      return count
    })
    return { bytesRead, buffer }
  }

  /** Writes at `position` (null or undefined: where the last read or write ended; always the end of a file opened to append). Text is UTF-8. */
  async write(
    buffer: Uint8Array | string,
    offset = 0,
    length?: number,
    position: number | bigint | null = null,
  ): Promise<{ bytesWritten: number; buffer: Uint8Array | string }> {
    const bytes = typeof buffer === 'string' ? new TextEncoder().encode(buffer) : buffer
    // A copy: the caller may use its buffer again before the turn of this write comes.
    const source = new Uint8Array(part(bytes, offset, length ?? bytes.length - offset))
    const call = this.#call('write')
    const inode = this.#writable(call, 'EBADF')
    const { data } = inode
    await data.exclusive(async () => {
      const at = this.#flags.append ? data.size : this.#at(position, call)
      if (at + source.length > FILE_SIZE_MAX) throw fail('EFBIG', call)
      if (source.length === 0) return
      copyUp(inode)
      await data.write(source, at, this.#readerOf(data))
      if (position === null) this.#position = at + source.length
      touchContent(this.#volume, inode)
    })
    return { bytesWritten: source.length, buffer }
  }

  /** Cuts the file to `length` bytes, or extends it with zeros. */
  async truncate(length = 0): Promise<void> {
    const call = this.#call('ftruncate')
    const inode = this.#writable(call, 'EINVAL')
    await truncateData(this.#volume, inode, length, call)
  }

  async stat(): Promise<Stats> {
    this.#call('fstat')
    return new Stats(this.#inode)
  }
  async chmod(mode: number): Promise<void> {
    changeMode(this.#volume, this.#inode, mode, this.#call('fchmod'))
  }
  async chown(uid: number, gid: number): Promise<void> {
    changeOwner(this.#volume, this.#inode, uid, gid, this.#call('fchown'))
  }
  async utimes(atime: TimeLike, mtime: TimeLike): Promise<void> {
    changeTimes(this.#volume, this.#inode, atime, mtime, this.#call('futimes'))
  }

  /** Ends it; a second call does nothing. */
  async close(): Promise<void> {
    this.#closed = true
    const reader = this.#reader
    this.#reader = undefined
    await reader?.close()
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #call(syscall: string): Call {
    const call = { syscall, path: this.#path }
    if (this.#closed) throw fail('EBADF', call)
    return call
  }
  #file(call: Call): FileInode {
    if (this.#inode.type !== 'file') throw fail('EINVAL', call)
    return this.#inode
  }
  #writable(call: Call, code: 'EBADF' | 'EINVAL'): FileInode {
    if (!this.#flags.write) throw fail(code, call)
    return this.#file(call)
  }
  #readerOf(data: FileData): BaseReader {
    if (this.#closed) throw fail('EBADF', { syscall: 'read', path: this.#path })
    this.#reader ??= data.reader()
    return this.#reader
  }
  #at(position: number | bigint | null, call: Call): number {
    const at = Number(position ?? this.#position)
    if (!Number.isSafeInteger(at) || at < 0) throw fail('EINVAL', call)
    return at
  }
}

/** truncate(2) and ftruncate(2). The time is noted even when the size stays. @throws FsError EINVAL, EFBIG */
export async function truncateData(volume: Volume, inode: FileInode, length: number, call: Call): Promise<void> {
  checkLength(length, call)
  await inode.data.exclusive(() => {
    copyUp(inode)
    inode.data.truncate(length)
    touchContent(volume, inode)
  })
}

/** @throws FsError EINVAL for what is no length, EFBIG past the largest */
export function checkLength(length: number, call: Call): void {
  if (typeof length !== 'number' || Number.isNaN(length) || length < 0) throw fail('EINVAL', call)
  if (!Number.isSafeInteger(length)) throw fail('EFBIG', call)
}

function part(buffer: Uint8Array, offset: number, length: number): Uint8Array {
  if (!(buffer instanceof Uint8Array)) throw new TypeError('a buffer must be a Uint8Array')
  if (!Number.isInteger(offset) || !Number.isInteger(length) || offset < 0 || length < 0 || offset + length > buffer.length)
    throw new RangeError(`bytes ${offset} to ${offset + length} are not all in a buffer of ${buffer.length}`)
  return buffer.subarray(offset, offset + length)
}
