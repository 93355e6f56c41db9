// readFile, writeFile, appendFile, truncate, copyFile in a real sandbox.
import { constants } from 'node:fs'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { output, rejection } from '../api/support/open.js'
import { shareSandbox } from './support/shared.js'

const shared = shareSandbox()

describe('writeFile and readFile', () => {
  it('write what a program inside reads, and read what it writes', async () => {
    const { sandbox, fs, dir } = shared
    await fs.writeFile(`${dir}/a`, 'from outside')
    expect(await output(sandbox, ['cat', `${dir}/a`])).toBe('from outside')
    await output(sandbox, `printf 'from inside' > ${dir}/b`)
    expect(await fs.readFile(`${dir}/b`, 'utf8')).toBe('from inside')
  })

  it.each([
    ['text in another encoding', '68c3a9', { encoding: 'hex' as const }],
    ['a typed array', new Uint16Array([0x6868, 0xa9c3]).subarray(0), undefined],
    ['a DataView', new DataView(new Uint8Array([0, 104, 195, 169]).buffer, 1), undefined],
  ])('take %s', async (_what, data, options) => {
    const { fs, dir } = shared
    await fs.writeFile(`${dir}/a`, data, options)
    expect((await fs.readFile(`${dir}/a`)).includes(Buffer.from('hé'))).toBe(true)
  })

  it.each([
    ['an array', () => ['a', 'b', Buffer.from('c')]],
    ['a stream', () => Readable.from(['a', 'b', 'c'])],
    [
      'an async generator',
      async function* () {
        yield 'a'
        yield Buffer.from('bc')
      },
    ],
  ])('take %s of chunks', async (_what, data) => {
    const { fs, dir } = shared
    await fs.writeFile(`${dir}/a`, data() as Iterable<string>)
    expect(await fs.readFile(`${dir}/a`, 'utf8')).toBe('abc')
  })

  it('give back any bytes of any length', async () => {
    const { fs, dir } = shared
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.nat(4), async (bytes, repeat) => {
        const content = Buffer.concat(Array(1 + repeat * 700).fill(bytes))
        await fs.writeFile(`${dir}/any`, content)
        expect((await fs.readFile(`${dir}/any`)).equals(content)).toBe(true)
      }),
      { numRuns: 40 },
    )
  })

  it('write no byte of data that is none, and leave the file as it was', async () => {
    const { fs, dir } = shared
    await fs.writeFile(`${dir}/a`, 'kept')
    for (const data of [undefined, null, 1, {}])
      expect(await rejection(fs.writeFile(`${dir}/a`, data as unknown as string))).toBeInstanceOf(TypeError)
    expect(await fs.readFile(`${dir}/a`, 'utf8')).toBe('kept')
  })

  it('honour flags: wx refuses what is there, r+ does not empty, a appends', async () => {
    const { fs, dir } = shared
    await fs.writeFile(`${dir}/a`, 'first', { flag: 'wx' })
    expect(await rejection(fs.writeFile(`${dir}/a`, 'second', { flag: 'wx' }))).toMatchObject({
      code: 'EEXIST',
      errno: -17,
      syscall: 'open',
      path: `${dir}/a`,
    })
    await fs.writeFile(`${dir}/a`, 'F', { flag: 'r+' })
    await fs.appendFile(`${dir}/a`, '!')
    expect(await fs.readFile(`${dir}/a`, 'utf8')).toBe('First!')
    expect(await rejection(fs.readFile(`${dir}/a`, { flag: 'q' }))).toBeInstanceOf(TypeError)
  })

  it('create with the mode that is asked for, less a umask of 022', async () => {
    const { fs, dir } = shared
    await fs.writeFile(`${dir}/standard`, '')
    await fs.writeFile(`${dir}/all`, '', { mode: 0o777 })
    await fs.writeFile(`${dir}/octal`, '', { mode: '600' as unknown as number })
    const modes = await Promise.all(
      ['standard', 'all', 'octal'].map(async (name) => ((await fs.stat(`${dir}/${name}`)).mode & 0o7777).toString(8)),
    )
    expect(modes).toEqual(['644', '755', '600'])
  })

  it('open a file that its own mode keeps closed, as root inside does', async () => {
    const { fs, dir } = shared
    await fs.writeFile(`${dir}/closed`, 'x')
    await fs.chmod(`${dir}/closed`, 0)
    await fs.appendFile(`${dir}/closed`, 'y')
    expect(await fs.readFile(`${dir}/closed`, 'utf8')).toBe('xy')
  })

  it('read files of the kernel, whose size is 0', async () => {
    const { fs } = shared
    expect(await fs.readFile('/proc/version', 'utf8')).toMatch(/^Linux/)
  })

  it.each([
    ['readFile', 'ENOENT', 'open', () => shared.fs.readFile(`${shared.dir}/none`)],
    ['readFile', 'ENOTDIR', 'open', () => shared.fs.readFile('/etc/passwd/x')],
    ['readFile', 'EISDIR', 'read', () => shared.fs.readFile(shared.dir)],
    ['readFile', 'ENXIO', 'open', () => shared.fs.readFile('/dev/zero')],
    ['writeFile', 'EISDIR', 'open', () => shared.fs.writeFile(shared.dir, '')],
    ['writeFile', 'ENOENT', 'open', () => shared.fs.writeFile(`${shared.dir}/no/where`, '')],
    ['writeFile', 'EACCES', 'open', () => shared.fs.writeFile('/proc/sys/kernel/hostname', 'x')],
    ['readFile', 'ENAMETOOLONG', 'open', () => shared.fs.readFile(`/${'a'.repeat(256)}`)],
    ['readFile', 'ENAMETOOLONG', 'open', () => shared.fs.readFile('/a'.repeat(2100))],
    ['readFile', 'ENOENT', 'open', () => shared.fs.readFile('')],
  ])('%s rejects with %s of %s', async (_name, code, syscall, call) => {
    const error = await rejection(call())
    expect(error).toMatchObject({ name: 'FsError', code, syscall })
    expect(error['errno']).toBeLessThan(0)
    expect(error.message).toMatch(new RegExp(`^${code}: .*, ${syscall}`))
  })

  it.each([
    ['NUL', '/tmp/a\0b'],
    ['a number', 5],
    ['nothing', undefined],
  ])('take no path that is %s', async (_what, path) => {
    expect(await rejection(shared.fs.readFile(path as string))).toBeInstanceOf(TypeError)
  })

  it('take paths as bytes and as file URLs', async () => {
    const { fs, dir } = shared
    await fs.writeFile(Buffer.from(`${dir}/a`), 'x')
    expect(await fs.readFile(new URL(`file://${dir}/a`), 'utf8')).toBe('x')
  })

  it('neither block on a FIFO nor feed it', async () => {
    const { sandbox, fs, dir } = shared
    await output(sandbox, ['mkfifo', `${dir}/fifo`])
    expect(await rejection(fs.readFile(`${dir}/fifo`))).toMatchObject({ code: 'ENXIO' })
    expect(await rejection(fs.writeFile(`${dir}/fifo`, 'x'))).toMatchObject({ code: 'ENXIO' })
  })
})

describe('truncate', () => {
  it('cuts, extends with zeros, and counts less than nothing as nothing', async () => {
    const { fs, dir } = shared
    await fs.writeFile(`${dir}/a`, 'abcdef')
    await fs.truncate(`${dir}/a`, 3)
    expect(await fs.readFile(`${dir}/a`, 'utf8')).toBe('abc')
    await fs.truncate(`${dir}/a`, 5)
    expect(await fs.readFile(`${dir}/a`, 'utf8')).toBe('abc\0\0')
    await fs.truncate(`${dir}/a`, -1)
    expect(await fs.readFile(`${dir}/a`, 'utf8')).toBe('')
  })
  it('rejects for what is no file', async () => {
    const { fs, dir } = shared
    expect(await rejection(fs.truncate(`${dir}/none`))).toMatchObject({ code: 'ENOENT', path: `${dir}/none` })
    expect(await rejection(fs.truncate(dir))).toMatchObject({ code: 'EISDIR' })
    expect(await rejection(fs.truncate(`${dir}/a`, 1.5))).toBeInstanceOf(RangeError)
  })
})

describe('copyFile', () => {
  it('copies content and mode, over what is there', async () => {
    const { fs, dir } = shared
    await fs.writeFile(`${dir}/a`, 'content', { mode: 0o640 })
    await fs.writeFile(`${dir}/b`, 'longer than the content')
    await fs.copyFile(`${dir}/a`, `${dir}/b`)
    expect(await fs.readFile(`${dir}/b`, 'utf8')).toBe('content')
    expect((await fs.stat(`${dir}/b`)).mode & 0o777).toBe(0o640)
  })
  it('keeps the holes of a sparse file', async () => {
    const { sandbox, fs, dir } = shared
    await output(sandbox, `truncate -s 64M ${dir}/a; printf x >> ${dir}/a`)
    await fs.copyFile(`${dir}/a`, `${dir}/b`)
    const { size, blocks } = await fs.stat(`${dir}/b`)
    expect([size, blocks < 1000]).toEqual([64 * 2 ** 20 + 1, true])
  })
  it('leaves a file copied onto itself as it is', async () => {
    const { fs, dir } = shared
    await fs.writeFile(`${dir}/a`, 'content')
    await fs.symlink('a', `${dir}/l`)
    await fs.copyFile(`${dir}/a`, `${dir}/l`)
    expect(await fs.readFile(`${dir}/a`, 'utf8')).toBe('content')
  })
  it('refuses with COPYFILE_EXCL what is there', async () => {
    const { fs, dir } = shared
    await fs.writeFile(`${dir}/a`, 'a')
    await fs.copyFile(`${dir}/a`, `${dir}/b`, constants.COPYFILE_EXCL)
    expect(await rejection(fs.copyFile(`${dir}/a`, `${dir}/b`, constants.COPYFILE_EXCL))).toMatchObject({
      code: 'EEXIST',
      syscall: 'copyfile',
      path: `${dir}/a`,
      dest: `${dir}/b`,
    })
  })
  it('refuses a directory, and what is not there', async () => {
    const { fs, dir } = shared
    expect(await rejection(fs.copyFile(dir, `${dir}/b`))).toMatchObject({ code: 'EISDIR', syscall: 'copyfile' })
    expect(await rejection(fs.copyFile(`${dir}/none`, `${dir}/b`))).toMatchObject({ code: 'ENOENT' })
    expect(await rejection(fs.access(`${dir}/b`))).toMatchObject({ code: 'ENOENT' })
  })
})
