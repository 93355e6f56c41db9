// What node:fs takes for a path, a mode, flags, an encoding. Source: Node's fs documentation; open(2).
import { constants, type PathLike } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { decodePath, encodePath } from '../../core/index.js'

const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_EXCL, O_APPEND, O_SYNC } = constants

// As inside, whatever the umask of this process is.
const UMASK = 0o022

const LETTERS: Readonly<Record<string, number>> = {
  r: O_RDONLY,
  'r+': O_RDWR,
  w: O_WRONLY | O_CREAT | O_TRUNC,
  wx: O_WRONLY | O_CREAT | O_TRUNC | O_EXCL,
  'w+': O_RDWR | O_CREAT | O_TRUNC,
  'wx+': O_RDWR | O_CREAT | O_TRUNC | O_EXCL,
  a: O_WRONLY | O_CREAT | O_APPEND,
  ax: O_WRONLY | O_CREAT | O_APPEND | O_EXCL,
  'a+': O_RDWR | O_CREAT | O_APPEND,
  'ax+': O_RDWR | O_CREAT | O_APPEND | O_EXCL,
}

/** A path as text; bytes and file URLs are paths inside. @throws TypeError */
export function pathText(path: PathLike, name = 'path'): string {
  const text = path instanceof URL ? fileURLToPath(path) : path instanceof Uint8Array ? decodePath(path) : path
  if (typeof text !== 'string') throw new TypeError(`${name} must be a string, a Buffer or a file URL`)
  if (text.includes('\0')) throw new TypeError(`${name} must not hold NUL`)
  return text
}

/** Flags of open(2), from Node's letters (`r`, `wx+`, `as` …) or as they are. @throws TypeError for letters Node does not know */
export function openFlags(flags: string | number | null | undefined, standard: string): number {
  if (typeof flags === 'number') {
    if (!Number.isInteger(flags) || flags < 0) throw new RangeError(`flags must be a non-negative integer, not ${flags}`)
    return flags
  }
  const text = flags ?? standard
  // Node's other spellings: 'rs+' and 'as' are synchronous, 'xw' is 'wx'.
  const letters = text.replace(/^s(.)/, '$1').replace('s', '').replace(/^x(.)/, '$1x')
  const bits = Object.hasOwn(LETTERS, letters) ? LETTERS[letters] : undefined
  if (bits === undefined) throw new TypeError(`flags: ${JSON.stringify(text)} is not one of ${Object.keys(LETTERS).join(', ')}`)
  return text.includes('s') ? bits | O_SYNC : bits
}

/** Permission bits from a number or octal digits. @throws TypeError | RangeError */
export function parseMode(mode: unknown, standard: number): number {
  if (mode === undefined || mode === null) return standard
  const value = typeof mode === 'string' && /^[0-7]+$/.test(mode) ? Number.parseInt(mode, 8) : mode
  if (typeof value !== 'number') throw new TypeError(`mode must be a number or octal digits, not ${JSON.stringify(mode)}`)
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) throw new RangeError(`mode is out of range: ${value}`)
  return value & 0o7777
}

/** The mode of something new. @throws TypeError | RangeError */
export const creationMode = (mode: unknown, standard: number): number => parseMode(mode, standard) & ~UMASK

/** Options that may be just an encoding. @throws TypeError */
export function optionsOf<T extends object>(options: unknown): Partial<T> & { encoding?: string | null } {
  if (options === undefined || options === null) return {}
  if (typeof options === 'string') return { encoding: options } as Partial<T> & { encoding: string }
  if (typeof options !== 'object') throw new TypeError(`options must be an object or an encoding, not ${typeof options}`)
  return options
}

/** A name in the encoding that was asked for. As 'utf8', bytes that are not UTF-8 stand as U+DC80–U+DCFF. @throws TypeError */
export function encodeName(name: Uint8Array | string, encoding: string | null | undefined): string | Buffer {
  const bytes = typeof name === 'string' ? encodePath(name) : name
  if (encoding === 'buffer') return Buffer.from(bytes)
  if (encoding === undefined || encoding === null || /^utf-?8$/i.test(encoding)) return decodePath(bytes)
  if (!Buffer.isEncoding(encoding)) throw new TypeError(`encoding: ${JSON.stringify(encoding)} is not one of Node's`)
  return Buffer.from(bytes).toString(encoding)
}

/** @throws TypeError | RangeError that names the value */
export function checkInteger(value: unknown, name: string, min: number, max: number): number {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number, not ${typeof value}`)
  if (!Number.isSafeInteger(value) || value < min || value > max)
    throw new RangeError(`${name} must be an integer from ${min} to ${max}, not ${value}`)
  return value
}
