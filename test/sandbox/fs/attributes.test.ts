// stat, lstat, chmod, chown, utimes, access in a real sandbox.
import { constants, Stats } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { hasFullMap, open, output, rejection } from '../api/support/open.js'
import { shareSandbox } from './support/shared.js'

/** Under a single-id map no other ids exist inside: nothing to test there. */
const itWithIds = (title: string, body: () => Promise<void>) => {
  if (hasFullMap) it(title, body)
}

const shared = shareSandbox()

describe('stat', () => {
  it('says what stat(1) inside says', async () => {
    const { sandbox, fs, dir } = shared
    await output(sandbox, `cd ${dir}; printf 12345 > f; chmod 4751 f; ln f g; touch -d '2001-02-03 04:05:06.789012345Z' f`)
    const [mode, uid, gid, size, nlink, ino, dev, blksize] = (await output(sandbox, `stat -c '%f %u %g %s %h %i %d %o' ${dir}/f`)).split(
      ' ',
    )
    const stats = await fs.stat(`${dir}/f`)
    expect(stats).toBeInstanceOf(Stats)
    expect(stats).toMatchObject({
      mode: Number.parseInt(mode as string, 16),
      uid: Number(uid),
      gid: Number(gid),
      size: Number(size),
      nlink: Number(nlink),
      ino: Number(ino),
      dev: Number(dev),
      blksize: Number(blksize),
    })
    expect(stats.mtime.toISOString()).toBe('2001-02-03T04:05:06.789Z')
    expect(stats.isFile()).toBe(true)
    expect(stats.birthtimeMs).toBeGreaterThan(Date.now() - 600_000)
    const big = await fs.stat(`${dir}/f`, { bigint: true })
    expect(big.mtimeNs).toBe(981173106789012345n)
    expect([big.size, big.mode, big.isDirectory()]).toEqual([5n, BigInt(stats.mode), false])
  })
  it('has the same keys as Node gives', async () => {
    const host = await import('node:fs/promises')
    expect(Object.keys(await shared.fs.stat('/'))).toEqual(Object.keys(await host.stat('/')))
    expect(Object.keys(await shared.fs.stat('/', { bigint: true }))).toEqual(Object.keys(await host.stat('/', { bigint: true })))
  })
  it('knows devices', async () => {
    const stats = await shared.fs.stat('/dev/null')
    expect([stats.isCharacterDevice(), stats.rdev]).toEqual([true, 0x103])
  })
  it('follows a link, and lstat does not', async () => {
    const { fs, dir } = shared
    await fs.symlink('/etc/passwd', `${dir}/l`)
    expect((await fs.stat(`${dir}/l`)).isFile()).toBe(true)
    expect((await fs.lstat(`${dir}/l`)).isSymbolicLink()).toBe(true)
    await fs.symlink('none', `${dir}/dangling`)
    expect(await rejection(fs.stat(`${dir}/dangling`))).toMatchObject({ code: 'ENOENT', syscall: 'stat' })
    expect((await fs.lstat(`${dir}/dangling`)).size).toBe(4)
    await fs.symlink('loop', `${dir}/loop`)
    expect(await rejection(fs.stat(`${dir}/loop`))).toMatchObject({ code: 'ELOOP' })
    expect(await rejection(fs.lstat(`${dir}/none`))).toMatchObject({ code: 'ENOENT', syscall: 'lstat', path: `${dir}/none` })
  })
})

describe('chmod', () => {
  it('sets permission bits', async () => {
    const { sandbox, fs, dir } = shared
    await fs.writeFile(`${dir}/a`, '')
    await fs.chmod(`${dir}/a`, 0o4711)
    expect(await output(sandbox, `stat -c %a ${dir}/a`)).toBe('4711')
    await fs.chmod(`${dir}/a`, '640')
    expect(await output(sandbox, `stat -c %a ${dir}/a`)).toBe('640')
  })
  it('rejects for what is not there and for what is no mode', async () => {
    const { fs, dir } = shared
    expect(await rejection(fs.chmod(`${dir}/none`, 0o600))).toMatchObject({ code: 'ENOENT', syscall: 'chmod', path: `${dir}/none` })
    expect(await rejection(fs.chmod(dir, 'rwx'))).toBeInstanceOf(TypeError)
    expect(await rejection(fs.chmod(dir, -1))).toBeInstanceOf(RangeError)
  })
})

describe('chown', () => {
  itWithIds('sets ids as they are inside; -1 keeps one', async () => {
    const { sandbox, fs, dir } = shared
    await fs.writeFile(`${dir}/a`, '')
    await fs.chown(`${dir}/a`, 12, 34)
    await fs.chown(`${dir}/a`, -1, 35)
    expect(await output(sandbox, `stat -c %u:%g ${dir}/a`)).toBe('12:35')
  })
  it('rejects for ids that the sandbox has not', async () => {
    const { fs, dir } = shared
    expect(await rejection(fs.chown(dir, 4_000_000_000, 0))).toMatchObject({ code: 'EINVAL', syscall: 'chown' })
    expect(await rejection(fs.chown(dir, 2 ** 32, 0))).toBeInstanceOf(RangeError)
    expect(await rejection(fs.chown(dir, 0, 'root' as unknown as number))).toBeInstanceOf(TypeError)
    expect(await rejection(fs.chown(`${dir}/none`, 0, 0))).toMatchObject({ code: 'ENOENT' })
  })
})

describe('utimes', () => {
  it.each([
    ['seconds', 1.5, 1_000_000_000.25, '1.500000000 1000000000.250000000'],
    ['digits', '7', '8', '7.000000000 8.000000000'],
    ['dates', new Date(1500), new Date(-1500), '1.500000000 -1.500000000'],
  ])('takes %s', async (_what, atime, mtime, shown) => {
    const { sandbox, fs, dir } = shared
    await fs.writeFile(`${dir}/a`, '')
    await fs.utimes(`${dir}/a`, atime, mtime)
    expect(await output(sandbox, `stat -c '%.9X %.9Y' ${dir}/a`)).toBe(shown)
  })
  it('rejects for what is no time', async () => {
    const { fs, dir } = shared
    expect(await rejection(fs.utimes(dir, 'soon', 0))).toBeInstanceOf(TypeError)
    expect(await rejection(fs.utimes(dir, Number.NaN, 0))).toBeInstanceOf(TypeError)
    expect(await rejection(fs.utimes(dir, 0, 1e11))).toBeInstanceOf(RangeError)
    expect(await rejection(fs.utimes(`${dir}/none`, 0, 0))).toMatchObject({ code: 'ENOENT', syscall: 'utime' })
  })
})

describe('access', () => {
  it('tells what is there and what root inside may', async () => {
    const { fs, dir } = shared
    await fs.writeFile(`${dir}/a`, '', { mode: 0o600 })
    await fs.access(`${dir}/a`)
    await fs.access(`${dir}/a`, constants.R_OK | constants.W_OK)
    expect(await rejection(fs.access(`${dir}/a`, constants.X_OK))).toMatchObject({ code: 'EACCES', syscall: 'access', path: `${dir}/a` })
    expect(await rejection(fs.access(`${dir}/none`))).toMatchObject({ code: 'ENOENT' })
    expect(await rejection(fs.access(dir, 8))).toBeInstanceOf(RangeError)
  })
})

describe('ownership of what is made', () => {
  itWithIds("is the sandbox user's", async () => {
    const sandbox = await open({ user: { uid: 1234, gid: 2345 } })
    const { fs } = sandbox
    const dir = await fs.mkdtemp('/tmp/x-')
    await fs.writeFile(`${dir}/file`, '')
    await fs.mkdir(`${dir}/a/b`, { recursive: true })
    await fs.symlink('file', `${dir}/link`)
    await fs.symlink('made-through-it', `${dir}/dangling`)
    await fs.writeFile(`${dir}/dangling`, '')
    await fs.copyFile(`${dir}/file`, `${dir}/copy`)
    expect(new Set((await output(sandbox, `cd ${dir}; stat -c %u:%g . *  a/b`)).split('\n'))).toEqual(new Set(['1234:2345']))
    await fs.copyIn(new URL('./support', import.meta.url), `${dir}/in`)
    expect(new Set((await output(sandbox, `cd ${dir}/in; stat -c %u:%g . *`)).split('\n'))).toEqual(new Set(['1234:2345']))
  })
  itWithIds('stays with what was there', async () => {
    const sandbox = await open({ user: { uid: 1234, gid: 2345 } })
    await sandbox.run('echo x > /tmp/a; chown 7:8 /tmp/a', { user: 'root' })
    await sandbox.fs.writeFile('/tmp/a', 'y')
    expect(await sandbox.fs.stat('/tmp/a')).toMatchObject({ uid: 7, gid: 8 })
  })
  it('rejects for a user that is not there, before anything is made', async () => {
    const sandbox = await open({ user: 'nobody-of-that-name' })
    expect(await rejection(sandbox.fs.writeFile('/tmp/a', ''))).toMatchObject({ code: 'ERR_UNKNOWN_USER' })
    expect(await rejection(sandbox.fs.stat('/tmp/a'))).toMatchObject({ code: 'ENOENT' })
  })
})
