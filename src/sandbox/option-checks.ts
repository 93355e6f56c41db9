// What options of a sandbox and of a command have in common, checked one by one.
import { integerOption, optionsObject, rejectUnknown, stringOption } from '../core/index.js'
import { platform } from './platform.js'
import type { Env } from './types.js'

/** A user as asked for: ids, or a string to be looked up in the sandbox's own files. */
export type UserSpec = string | { readonly uid: number; readonly gid: number }

const ID_MAX = 2 ** 32 - 2
/** The longest time-out of a timer of Node. */
export const TIMER_MAX_MS = 2 ** 31 - 1

/** One of the allowed words, or the fallback. @throws TypeError that names the option */
export function oneOf<T extends string>(value: unknown, name: string, allowed: readonly T[], fallback: T): T {
  if (value === undefined) return fallback
  if (!allowed.includes(value as T))
    throw new TypeError(`${name} must be one of ${allowed.map((one) => `'${one}'`).join(', ')}, not ${JSON.stringify(value)}`)
  return value as T
}

/** Environment as given: names and values checked. @throws TypeError that names the variable */
export function checkEnv(env: Env | undefined): Readonly<Record<string, string | undefined>> {
  const checked = optionsObject(env, 'env')
  for (const [name, value] of Object.entries(checked)) {
    if (name === '' || name.includes('=') || name.includes('\0')) throw new TypeError(`env: not a variable's name: ${JSON.stringify(name)}`)
    stringOption(value, `env.${name}`)
  }
  return checked
}

/** @throws TypeError | RangeError that names the option */
export function checkUser(user: unknown): UserSpec | undefined {
  if (user === undefined) return undefined
  if (typeof user === 'string') {
    if (user === '') throw new TypeError("user must be 'name', 'uid', 'name:group' or 'uid:gid', not ''")
    return stringOption(user, 'user')
  }
  if (typeof user !== 'object' || user === null) throw new TypeError('user must be a string or { uid, gid }')
  rejectUnknown(user, ['uid', 'gid'], 'user')
  const { uid, gid } = user as { uid?: unknown; gid?: unknown }
  const ids = { uid: integerOption(uid, 'user.uid', 0, ID_MAX), gid: integerOption(gid, 'user.gid', 0, ID_MAX) }
  if (ids.uid === undefined || ids.gid === undefined) throw new TypeError('user must have both uid and gid')
  return { uid: ids.uid, gid: ids.gid }
}

/** @throws TypeError for a path that is not absolute */
export function checkCwd(cwd: unknown): string | undefined {
  const path = stringOption(cwd, 'cwd')
  if (path !== undefined && !platform.isAbsolute(path))
    throw new TypeError(`cwd must be an absolute path inside the sandbox, not ${JSON.stringify(path)}`)
  return path
}
