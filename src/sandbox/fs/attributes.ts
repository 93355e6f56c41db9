// Mode, owner, times, length, access: chmod(2), chown(2), utimensat(2), truncate(2), access(2).
import { constants, type PathLike } from 'node:fs'
import { OP, step } from '../../native/index.js'
import { checkInteger, parseMode, pathText } from './arguments.js'
import type { Inside } from './inside.js'

const ID_MAX = 0xffff_ffff
const NS_MAX = 2n ** 63n - 1n

/** An id, -1 for "as it is". @throws TypeError | RangeError */
export const parseId = (value: unknown, name: string): number => checkInteger(value, name, -1, ID_MAX)

/** Nanoseconds from what node:fs takes for a time: seconds (a number or digits) or a Date. @throws TypeError | RangeError */
export function nanoseconds(time: unknown, name: string): bigint {
  const seconds = time instanceof Date ? time.getTime() / 1000 : typeof time === 'string' && time.trim() !== '' ? Number(time) : time
  if (typeof seconds !== 'number' || !Number.isFinite(seconds))
    throw new TypeError(`${name} must be seconds or a Date, not ${String(time)}`)
  const whole = Math.floor(seconds)
  // A double holds microseconds of this century and no more.
  const ns = BigInt(whole) * 1_000_000_000n + BigInt(Math.round((seconds - whole) * 1e6)) * 1000n
  if (ns > NS_MAX || ns < -NS_MAX) throw new RangeError(`${name} is out of range: ${seconds} seconds`)
  return ns
}

/** chmod(2). */
export async function chmod(inside: Inside, path: PathLike, mode: unknown): Promise<void> {
  if (mode === undefined || mode === null) throw new TypeError('mode must be a number or octal digits')
  const text = pathText(path)
  await inside.ask(step(OP.fsChmod, [parseMode(mode, 0)], text), { syscall: 'chmod', path: text })
}

/** chown(2). -1 keeps an id. */
export async function chown(inside: Inside, path: PathLike, uid: number, gid: number): Promise<void> {
  const text = pathText(path)
  await inside.ask(step(OP.fsChown, [parseId(uid, 'uid'), parseId(gid, 'gid'), 1], text), { syscall: 'chown', path: text })
}

/** utimensat(2) with both times. */
export async function utimes(inside: Inside, path: PathLike, atime: unknown, mtime: unknown): Promise<void> {
  const text = pathText(path)
  const times = [nanoseconds(atime, 'atime'), nanoseconds(mtime, 'mtime')]
  await inside.ask(step(OP.fsUtimes, [...times, 1], text), { syscall: 'utime', path: text })
}

/** truncate(2). A negative length counts as 0, as in Node. */
export async function truncate(inside: Inside, path: PathLike, length: number | null | undefined): Promise<void> {
  const text = pathText(path)
  const bytes = Math.max(0, checkInteger(length ?? 0, 'len', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER))
  await inside.ask(step(OP.fsTruncate, [bytes], text), { syscall: 'open', path: text })
}

/** access(2), for root inside: it is with its powers that SandboxFs works. */
export async function access(inside: Inside, path: PathLike, mode?: number): Promise<void> {
  const text = pathText(path)
  const bits = checkInteger(mode ?? constants.F_OK, 'mode', 0, 7)
  await inside.ask(step(OP.fsAccess, [bits], text), { syscall: 'access', path: text })
}
