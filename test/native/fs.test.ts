// The addon's file system calls against the kernel.
import {
  closeSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { decodePath, encodePath, SyscallError } from '../../src/core/index.js'
import { native } from '../../src/native/index.js'

const bytes = (text: string) => encodePath(text)
const SELF = bytes('')
const O_PATH = 0o10000000
const BENEATH = 0x08
const NO_SYMLINKS = 0x04

let root = ''
let fd = -1
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'stratabox-fs-'))
  fd = openSync(root, 'r')
})
afterEach(() => {
  closeSync(fd)
  rmSync(root, { recursive: true })
})

const codeOf = (work: () => unknown): string | undefined => {
  try {
    work()
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(SyscallError)
    return (error as SyscallError).code
  }
}

describe('paths', () => {
  it('are refused with EINVAL when they hold a NUL, before the kernel sees them', () => {
    expect(codeOf(() => native().mkdirat(fd, Uint8Array.of(0x61, 0, 0x62), 0o755))).toBe('EINVAL')
    expect(lstatSync(join(root, 'a'), { throwIfNoEntry: false })).toBeUndefined()
  })

  it('keep bytes that are not UTF-8', () => {
    native().mkdirat(fd, bytes('\udcff\udcfe'), 0o755)
    expect(native().readdir(fd).map(decodePath)).toEqual(['\udcff\udcfe'])
  })

  it('that are no Uint8Array are a TypeError', () => {
    expect(() => native().mkdirat(fd, 'a' as unknown as Uint8Array, 0o755)).toThrow(TypeError)
  })
})

describe('openat2', () => {
  it('opens beneath a directory, and closes on exec', () => {
    writeFileSync(join(root, 'f'), 'x')
    const file = native().openat2(fd, bytes('f'), 0, 0, BENEATH)
    expect(native().fstatat(file, SELF).size).toBe(1n)
    native().close(file)
    expect(codeOf(() => native().close(file))).toBe('EBADF')
  })

  it('refuses to leave the directory by .. or by a link', () => {
    symlinkSync('/etc', join(root, 'out'))
    expect(codeOf(() => native().openat2(fd, bytes('../x'), 0, 0, BENEATH))).toBe('EXDEV')
    expect(codeOf(() => native().openat2(fd, bytes('out/passwd'), 0, 0, BENEATH))).toBe('EXDEV')
    expect(codeOf(() => native().openat2(fd, bytes('out'), O_PATH | 0o200000, 0, NO_SYMLINKS))).toBe('ELOOP')
  })
})

describe('times', () => {
  for (const [name, time] of [
    ['1970', 0n],
    ['a nanosecond before 1970', -1n],
    ['1969-12-31T23:59:59.5', -500_000_000n],
    ['2038 and a nanosecond', 2_147_483_648_000_000_001n],
    ['2300, past 64 bits of nanoseconds', 10_413_792_000_000_000_001n],
  ] as const) {
    it(`are kept to the nanosecond: ${name}`, () => {
      writeFileSync(join(root, 'f'), '')
      native().utimensat(fd, bytes('f'), time)
      expect(native().fstatat(fd, bytes('f')).mtimeNs).toBe(time)
    })
  }

  it('that no file can have are EOVERFLOW', () => {
    writeFileSync(join(root, 'f'), '')
    expect(codeOf(() => native().utimensat(fd, bytes('f'), 2n ** 120n))).toBe('EOVERFLOW')
    expect(codeOf(() => native().utimensat(fd, bytes('f'), 2n ** 200n))).toBe('EOVERFLOW')
  })

  it('of a link are its own', () => {
    writeFileSync(join(root, 'f'), '')
    symlinkSync('f', join(root, 'l'))
    native().utimensat(fd, bytes('l'), 5_000_000_000n)
    expect(lstatSync(join(root, 'l')).mtimeMs).toBe(5000)
    expect(statSync(join(root, 'f')).mtimeMs).not.toBe(5000)
  })
})

describe('modes', () => {
  it('are set exactly, setuid and sticky too, whatever the umask', () => {
    writeFileSync(join(root, 'f'), '')
    native().fchmodat(fd, bytes('f'), 0o4777)
    expect(lstatSync(join(root, 'f')).mode & 0o7777).toBe(0o4777)
    native().fchmodat(fd, SELF, 0o1755)
    expect(lstatSync(root).mode & 0o7777).toBe(0o1755)
  })

  it('of a link cannot be set', () => {
    symlinkSync('f', join(root, 'l'))
    expect(codeOf(() => native().fchmodat(fd, bytes('l'), 0o777))).toBe('EOPNOTSUPP')
  })
})

describe('extended attributes', () => {
  it('are set, listed, read and removed', () => {
    writeFileSync(join(root, 'f'), '')
    const value = new Uint8Array(300).fill(7)
    native().setxattr(fd, bytes('f'), 'user.a', value)
    native().setxattr(fd, bytes('f'), 'user.empty', new Uint8Array(0))
    expect(
      native()
        .listxattr(fd, bytes('f'))
        .filter((name) => name.startsWith('user.'))
        .sort(),
    ).toEqual(['user.a', 'user.empty'])
    expect(native().getxattr(fd, bytes('f'), 'user.a')).toEqual(value)
    expect(native().getxattr(fd, bytes('f'), 'user.empty')).toEqual(new Uint8Array(0))
    native().removexattr(fd, bytes('f'), 'user.a')
    expect(native().getxattr(fd, bytes('f'), 'user.a')).toBeUndefined()
  })

  it('of the directory itself have the empty path', () => {
    native().setxattr(fd, SELF, 'user.overlay.opaque', bytes('y'))
    expect(native().getxattr(fd, SELF, 'user.overlay.opaque')).toEqual(bytes('y'))
  })

  it('of a link are not those of what it leads to', () => {
    writeFileSync(join(root, 'f'), '')
    native().setxattr(fd, bytes('f'), 'user.a', bytes('1'))
    symlinkSync('f', join(root, 'l'))
    expect(native().getxattr(fd, bytes('l'), 'user.a')).toBeUndefined()
  })
})

describe('names', () => {
  it('char 0:0 can be made by anybody: it is a whiteout', () => {
    native().mknodat(fd, bytes('w'), 0o020000, 0, 0)
    const { mode, rdevMajor, rdevMinor } = native().fstatat(fd, bytes('w'))
    expect([mode & 0o170000, rdevMajor, rdevMinor]).toEqual([0o020000, 0, 0])
  })

  it('a hard link to a symbolic link is one to the link itself', () => {
    symlinkSync('nowhere', join(root, 'l'))
    native().linkat(fd, bytes('l'), fd, bytes('m'))
    expect(decodePath(native().readlinkat(fd, bytes('m')))).toBe('nowhere')
    expect(native().fstatat(fd, bytes('m')).nlink).toBe(2)
  })

  it('renaming without replacing is EEXIST where there is something', () => {
    mkdirSync(join(root, 'a'))
    mkdirSync(join(root, 'b'))
    expect(codeOf(() => native().renameat2(fd, bytes('a'), fd, bytes('b'), 1))).toBe('EEXIST')
    native().renameat2(fd, bytes('a'), fd, bytes('c'), 1)
    native().unlinkat(fd, bytes('b'), 0x200)
    expect(native().readdir(fd).map(decodePath)).toEqual(['c'])
  })

  it('of a large directory are all listed, and again', () => {
    for (let k = 0; k < 3000; k++) writeFileSync(join(root, `file-with-a-longer-name-${k}`), '')
    expect(new Set(native().readdir(fd).map(decodePath)).size).toBe(3000)
    expect(native().readdir(fd)).toHaveLength(3000)
  })
})

describe('locks', () => {
  it('exclude others while they are held, and end with the fd', () => {
    const first = openSync(join(root, 'lock'), 'w')
    const second = openSync(join(root, 'lock'), 'w')
    expect(native().flock(first, true)).toBe(true)
    expect(native().flock(second, false)).toBe(false)
    closeSync(first)
    expect(native().flock(second, false)).toBe(true)
    closeSync(second)
  })
})

describe('holes', () => {
  it('are passed over, up to the end of the file', () => {
    const file = openSync(join(root, 'sparse'), 'w+')
    writeSync(file, 'abc', 1 << 20)
    ftruncateSync(file, 1 << 21)
    const first = native().nextData(file, 0n)
    expect(first?.start).toBe(1n << 20n)
    expect(first!.end).toBeGreaterThanOrEqual((1n << 20n) + 3n)
    expect(native().nextData(file, first!.end)).toBeUndefined()
    closeSync(file)
  })

  it('an offset that is none is EINVAL', () => {
    expect(codeOf(() => native().nextData(fd, -1n))).toBe('EINVAL')
    expect(codeOf(() => native().nextData(fd, 2n ** 70n))).toBe('EINVAL')
  })
})
