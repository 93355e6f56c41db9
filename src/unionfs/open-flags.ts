// Flags of open(2): Node's letters and Linux's numbers.

/** Values of asm-generic/fcntl.h, as `node:fs`.constants has them on Linux (x86-64). */
export const O = {
  RDONLY: 0,
  WRONLY: 1,
  RDWR: 2,
  CREAT: 0o100,
  EXCL: 0o200,
  TRUNC: 0o1000,
  APPEND: 0o2000,
  DIRECTORY: 0o200000,
  NOFOLLOW: 0o400000,
} as const

const LETTERS: Readonly<Record<string, number>> = {
  r: O.RDONLY,
  'r+': O.RDWR,
  w: O.WRONLY | O.CREAT | O.TRUNC,
  wx: O.WRONLY | O.CREAT | O.TRUNC | O.EXCL,
  'w+': O.RDWR | O.CREAT | O.TRUNC,
  'wx+': O.RDWR | O.CREAT | O.TRUNC | O.EXCL,
  a: O.WRONLY | O.CREAT | O.APPEND,
  ax: O.WRONLY | O.CREAT | O.APPEND | O.EXCL,
  'a+': O.RDWR | O.CREAT | O.APPEND,
  'ax+': O.RDWR | O.CREAT | O.APPEND | O.EXCL,
}

/** How a file is opened. */
export interface OpenFlags {
  readonly read: boolean
  readonly write: boolean
  readonly create: boolean
  readonly exclusive: boolean
  readonly truncate: boolean
  readonly append: boolean
  readonly directory: boolean
  readonly noFollow: boolean
}

/** Flags from `'r'` … `'ax+'` or Linux's number. Others (`O_SYNC`, `O_CLOEXEC`) change nothing here. @throws TypeError for letters Node does not know */
export function parseFlags(flags: string | number): OpenFlags {
  // Node's other spellings: 'rs+' and 'as' are synchronous, 'xw' is 'wx'.
  const letters = typeof flags === 'string' ? flags.replace('s', '').replace(/^x(.)/, '$1x') : ''
  const bits = typeof flags === 'number' ? flags : Object.hasOwn(LETTERS, letters) ? LETTERS[letters] : undefined
  if (bits === undefined || !Number.isInteger(bits)) throw new TypeError(`open: unknown flags ${JSON.stringify(flags)}`)
  const has = (bit: number) => (bits & bit) !== 0
  const access = bits & 3
  return {
    read: access === O.RDONLY || access === O.RDWR,
    write: access === O.WRONLY || access === O.RDWR,
    create: has(O.CREAT),
    exclusive: has(O.CREAT) && has(O.EXCL),
    truncate: has(O.TRUNC),
    append: has(O.APPEND),
    directory: has(O.DIRECTORY),
    noFollow: has(O.NOFOLLOW),
  }
}
