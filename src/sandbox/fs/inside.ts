// Asking the file helper: one request, one answer, and an error in the shape of Node's own. Source: errno(3), Node's fs documentation, "Common system errors".
import { getSystemErrorMap } from 'node:util'
import { ERRNO, errnoName, FsError, untilAborted } from '../../core/index.js'
import { native, type Step } from '../../native/index.js'
import type { FileAnswer } from '../backend.js'
import type { OpenFiles } from './open-files.js'

/** What SandboxFs stands on. */
export interface FileAccess {
  /** Below the sandbox's root, or below (or about) a descriptor that an earlier answer brought. */
  ask(request: Step, base?: number): Promise<FileAnswer>
  /** Whose new files are. */
  user(): Promise<{ readonly uid: number; readonly gid: number }>
  /** Where what callers hold open is noted. */
  readonly opened: OpenFiles
}

/** What a caller was doing: for the message of whatever goes wrong. */
export interface Call {
  /** As node:fs names it: `open`, `lstat`, `scandir` … */
  readonly syscall: string
  readonly path: string
  /** The second path of rename, link, symlink and copyFile. */
  readonly dest?: string | undefined
  readonly signal?: AbortSignal | undefined
  /** A descriptor that the request is below; default: the root. */
  readonly base?: number | undefined
}

/** ints[8] of a request: it is about the base itself. */
export const SELF = 1
/** ints[8] of a request: no part of its path may be a link. */
export const NO_LINKS = 2

/** The ints of a request, with its ints[8]. */
export const withMode = (mode: number, ...ints: (number | bigint)[]): (number | bigint)[] => [
  ...ints,
  ...Array(8 - ints.length).fill(0),
  mode,
]

/** Numbers here are Linux's everywhere; Node's own on Windows are others, its names and texts are not. */
function describe(errno: number): readonly [code: string, message: string] {
  if (process.platform !== 'win32') return getSystemErrorMap().get(-errno) ?? [`E${errno}`, 'operation failed']
  const code = errnoName(errno)
  const [, message = 'operation failed'] = [...getSystemErrorMap().values()].find(([name]) => name === code) ?? []
  return [code, message]
}

/** An error of `call` by the number of its errno. */
export function errnoError(errno: number, call: Call, cause?: unknown): FsError {
  const [code, message] = describe(errno)
  const { syscall, path, dest } = call
  return new FsError({ code, errno: -errno, syscall, path, dest, message }, cause === undefined ? {} : { cause })
}

/** `error` as FsError of `call` when it has an errno; anything else as it is. The abort's reason goes before both. */
export function callError(error: unknown, call: Call): unknown {
  if (call.signal?.aborted === true) return call.signal.reason
  const { errno, syscall, code } = error as { errno?: unknown; syscall?: unknown; code?: unknown }
  if (typeof errno !== 'number' || syscall === undefined) return error
  const known = process.platform === 'win32' ? ERRNO[code as keyof typeof ERRNO] : undefined
  return errnoError(known ?? Math.abs(errno), call, error instanceof FsError ? undefined : error)
}

/** Asks, and says what went wrong in the words of the caller. */
export class Inside {
  readonly #access: FileAccess

  constructor(access: FileAccess) {
    this.#access = access
  }

  /** What callers hold open. */
  get opened(): OpenFiles {
    return this.#access.opened
  }

  /** Whose new files are. */
  user(): Promise<{ readonly uid: number; readonly gid: number }> {
    return this.#access.user()
  }

  /** @throws FsError; ClosedError; the signal's reason as soon as it is aborted (what the request brings afterwards is let go) */
  async ask(request: Step, call: Call): Promise<FileAnswer> {
    const { signal } = call
    signal?.throwIfAborted()
    const asked = this.#access.ask(request, call.base)
    try {
      return await untilAborted(asked, signal, ({ fd }) => fd !== undefined && native().close(fd))
    } catch (error) {
      throw callError(error, call)
    }
  }

  /** A request whose answer is a descriptor. @throws FsError EMFILE when this process has no number left for it */
  async askForFd(request: Step, call: Call): Promise<number> {
    const { fd } = await this.ask(request, call)
    if (fd === undefined) throw errnoError(24, call)
    return fd
  }
}
