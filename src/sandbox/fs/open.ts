// Opening: the helper opens (and creates, truncates, copies up) and passes the descriptor on; Node reads and writes it itself.
import type { EventEmitter } from 'node:events'
import { close, constants, type PathLike } from 'node:fs'
import { type FileHandle, open as openHost } from 'node:fs/promises'
import { promisify } from 'node:util'
import { ClosedError, ERRNO } from '../../core/index.js'
import { native, nativeWindows, OP, step } from '../../native/index.js'
import { creationMode, openFlags, parseMode, pathText } from './arguments.js'
import { nanoseconds, parseId } from './attributes.js'
import { type Call, errnoError, type Inside, SELF, withMode } from './inside.js'
import { statFd } from './stats.js'

/** close(2), off the event loop. */
export const closeFd = promisify(close)

/** A descriptor of `path`. `mode` counts when the file is made. */
export async function openFd(inside: Inside, path: string, flags: number, mode: number, call: Call): Promise<number> {
  const creates = (flags & constants.O_CREAT) !== 0
  const { uid, gid } = creates ? await inside.user() : { uid: 0, gid: 0 }
  return inside.askForFd(step(OP.fsOpen, [flags, creates ? mode : 0, uid, gid], path), call)
}

/** Opens, works, closes. */
export async function withFd<T>(inside: Inside, path: string, flags: number, call: Call, work: (fd: number) => Promise<T>): Promise<T> {
  const fd = await openFd(inside, path, flags, 0o644, call)
  try {
    return await work(fd)
  } finally {
    await closeFd(fd)
  }
}

/** open() of node:fs/promises: a FileHandle of Node's own class. Whatever asks for ids or changes the inode goes through the helper. */
export async function open(inside: Inside, path: PathLike, flags?: string | number | null, mode?: unknown): Promise<FileHandle> {
  const text = pathText(path)
  const bits = openFlags(flags, 'r')
  return fileHandle(inside, await openFd(inside, text, bits, creationMode(mode, 0o666), { syscall: 'open', path: text }), text, bits)
}

/** A FileHandle of the file that `fd` is of. */
async function handleOf(fd: number, path: string, flags: number): Promise<FileHandle> {
  // Node makes a FileHandle of paths only, and opening /proc/self/fd/N again would need this process's own permissions (none, for sub-ids or mode 0).
  if (process.platform !== 'win32') {
    const handle = await openHost('/', 'r')
    native().dup3(fd, handle.fd)
    return handle
  }
  // Windows has no way to put a file behind another descriptor: it is opened again, and must be the same.
  const handle = await openHost(nativeWindows().finalPath(fd), flags & ~(constants.O_CREAT | constants.O_EXCL | constants.O_TRUNC))
  const [first, second] = [fd, handle.fd].map((one) => native().fstatat(one, new Uint8Array()))
  if (first?.dev === second?.dev && first?.ino === second?.ino) return handle
  await handle.close()
  throw errnoError(ERRNO.ELOOP, { syscall: 'open', path })
}

/** Takes `fd`, which was opened with `flags`. */
export async function fileHandle(inside: Inside, fd: number, path: string, flags: number): Promise<FileHandle> {
  let handle: FileHandle
  try {
    handle = await handleOf(fd, path, flags)
  } finally {
    native().close(fd)
  }
  const base = (syscall: string): number => {
    if (handle.fd < 0) throw errnoError(9, { syscall, path })
    return handle.fd
  }
  const change = async (syscall: string, op: number, ...ints: (number | bigint)[]): Promise<void> => {
    await inside.ask(step(op, withMode(SELF, ...ints), ''), { syscall, path, base: base(syscall) })
  }
  const own = {
    stat: async (options?: unknown) => statFd(inside, base('fstat'), path, options),
    chmod: async (mode: unknown) => change('fchmod', OP.fsChmod, parseMode(mode, 0)),
    chown: async (uid: number, gid: number) => change('fchown', OP.fsChown, parseId(uid, 'uid'), parseId(gid, 'gid'), 1),
    utimes: async (atime: unknown, mtime: unknown) =>
      change('futime', OP.fsUtimes, nanoseconds(atime, 'atime'), nanoseconds(mtime, 'mtime'), 1),
  }
  for (const [name, value] of Object.entries(own)) Object.defineProperty(handle, name, { value, configurable: true, writable: true })
  // Node's types leave out that a FileHandle is an EventEmitter.
  if (inside.opened.add(handle as unknown as EventEmitter, () => handle.close())) return handle
  await handle.close()
  throw new ClosedError('the sandbox is closed', { remedy: 'create a new one' })
}
