// mkdir, mkdtemp, readdir, rm, rmdir in a real sandbox.
import type { Dirent } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { output, rejection } from '../api/support/open.js'
import { shareSandbox } from './support/shared.js'

const shared = shareSandbox()

describe('mkdir', () => {
  it('makes one directory, and refuses what is there or has nothing above it', async () => {
    const { fs, dir } = shared
    expect(await fs.mkdir(`${dir}/a`)).toBeUndefined()
    expect((await fs.stat(`${dir}/a`)).mode & 0o7777).toBe(0o755)
    expect(await rejection(fs.mkdir(`${dir}/a`))).toMatchObject({ code: 'EEXIST', errno: -17, syscall: 'mkdir', path: `${dir}/a` })
    expect(await rejection(fs.mkdir(`${dir}/b/c`))).toMatchObject({ code: 'ENOENT', path: `${dir}/b/c` })
    expect(await rejection(fs.mkdir('/'))).toMatchObject({ code: 'EEXIST' })
  })
  it('with recursive makes what is missing and says what was the first', async () => {
    const { fs, dir } = shared
    expect(await fs.mkdir(`${dir}/a/b/c`, { recursive: true, mode: 0o700 })).toBe(`${dir}/a`)
    expect(await fs.mkdir(`${dir}/a/b/d/`, { recursive: true })).toBe(`${dir}/a/b/d/`)
    expect(await fs.mkdir(`${dir}/a/b/c`, { recursive: true })).toBeUndefined()
    expect(await fs.mkdir('/', { recursive: true })).toBeUndefined()
    expect((await fs.stat(`${dir}/a/b`)).mode & 0o7777).toBe(0o700)
  })
  it('with recursive refuses a file in the way', async () => {
    const { fs, dir } = shared
    await fs.writeFile(`${dir}/file`, '')
    await fs.symlink('nowhere', `${dir}/dangling`)
    expect(await rejection(fs.mkdir(`${dir}/file`, { recursive: true }))).toMatchObject({ code: 'EEXIST' })
    expect(await rejection(fs.mkdir(`${dir}/file/x`, { recursive: true }))).toMatchObject({ code: 'ENOTDIR' })
    expect(await rejection(fs.mkdir(`${dir}/dangling/x`, { recursive: true }))).toMatchObject({ code: 'ENOENT' })
  })
})

describe('mkdtemp', () => {
  it('makes a directory of its own each time', async () => {
    const { fs, dir } = shared
    const made = await Promise.all(Array.from({ length: 20 }, () => fs.mkdtemp(`${dir}/x-`)))
    expect(new Set(made).size).toBe(20)
    expect(made.every((path) => path.startsWith(`${dir}/x-`) && path.length === dir.length + 9)).toBe(true)
    expect((await fs.stat(made[0] as string)).mode & 0o7777).toBe(0o700)
    expect(await fs.mkdtemp(`${dir}/y-`, 'buffer')).toBeInstanceOf(Buffer)
    expect(await rejection(fs.mkdtemp(`${dir}/none/x-`))).toMatchObject({
      code: 'ENOENT',
      syscall: 'mkdtemp',
      path: `${dir}/none/x-XXXXXX`,
    })
  })
})

describe('readdir', () => {
  const make = async () => {
    const { sandbox, dir } = shared
    await output(sandbox, `cd ${dir}; mkdir -p a/b; touch f a/g a/b/h; ln -s / root; mkfifo p`)
  }
  it('gives names', async () => {
    await make()
    expect((await shared.fs.readdir(shared.dir)).sort()).toEqual(['a', 'f', 'p', 'root'])
    expect((await shared.fs.readdir(shared.dir, 'buffer')).every(Buffer.isBuffer)).toBe(true)
    expect((await shared.fs.readdir(shared.dir, 'hex')).sort()).toEqual(['61', '66', '70', '726f6f74'])
  })
  it('gives entries with their types', async () => {
    await make()
    const types = (await shared.fs.readdir(shared.dir, { withFileTypes: true })).map((entry: Dirent) => [
      entry.name,
      entry.isDirectory(),
      entry.isFile(),
      entry.isSymbolicLink(),
      entry.isFIFO(),
      entry.parentPath,
    ])
    const { dir } = shared
    expect(types.sort()).toEqual([
      ['a', true, false, false, false, dir],
      ['f', false, true, false, false, dir],
      ['p', false, false, false, true, dir],
      ['root', false, false, true, false, dir],
    ])
  })
  it('with recursive gives what is below, and does not follow links', async () => {
    await make()
    const { fs, dir } = shared
    expect((await fs.readdir(dir, { recursive: true })).sort()).toEqual(['a', 'a/b', 'a/b/h', 'a/g', 'f', 'p', 'root'])
    const entries = await fs.readdir(dir, { recursive: true, withFileTypes: true })
    expect(entries.find(({ name }) => name === 'h')?.parentPath).toBe(`${dir}/a/b`)
  })
  it('keeps names that are not UTF-8', async () => {
    const { sandbox, fs, dir } = shared
    await output(sandbox, `touch "$(printf '${dir}/\\377x')"`)
    expect(await fs.readdir(dir)).toEqual(['\udcffx'])
    expect(await fs.readdir(dir, 'buffer')).toEqual([Buffer.from([0xff, 0x78])])
    await fs.writeFile(`${dir}/\udcffx`, 'found')
    expect(await output(sandbox, `cat ${dir}/*`)).toBe('found')
  })
  it('gives a directory of many entries whole', async () => {
    const { sandbox, fs, dir } = shared
    await output(sandbox, `cd ${dir}; seq 1 5000 | sed s/^/some-rather-long-name-for-a-file-/ | xargs touch`)
    expect((await fs.readdir(dir)).length).toBe(5000)
    expect((await fs.readdir(dir, { withFileTypes: true })).every((entry) => entry.isFile())).toBe(true)
  })
  it('rejects for what is no directory', async () => {
    const { fs, dir } = shared
    expect(await rejection(fs.readdir(`${dir}/none`))).toMatchObject({ code: 'ENOENT', syscall: 'scandir', path: `${dir}/none` })
    expect(await rejection(fs.readdir('/etc/passwd'))).toMatchObject({ code: 'ENOTDIR' })
    expect(await rejection(fs.readdir('/etc/passwd', { recursive: true }))).toMatchObject({ code: 'ENOTDIR', syscall: 'scandir' })
    expect(await rejection(fs.readdir(dir, 'utf-9' as 'utf8'))).toBeInstanceOf(TypeError)
  })
})

describe('rm', () => {
  it('removes a file, a link but not its target, and an empty place only by force', async () => {
    const { fs, dir } = shared
    await fs.writeFile(`${dir}/a`, '')
    await fs.symlink('a', `${dir}/l`)
    await fs.rm(`${dir}/l`)
    await fs.access(`${dir}/a`)
    await fs.rm(`${dir}/a`)
    expect(await rejection(fs.rm(`${dir}/a`))).toMatchObject({ code: 'ENOENT', syscall: 'rm', path: `${dir}/a` })
    await fs.rm(`${dir}/a`, { force: true })
    await fs.rm(`${dir}/a`, { force: true, recursive: true })
  })
  it('removes a directory only with recursive', async () => {
    const { sandbox, fs, dir } = shared
    await output(sandbox, `mkdir -p ${dir}/a/b/c; touch ${dir}/a/f ${dir}/a/b/g; chmod 0 ${dir}/a/b`)
    expect(await rejection(fs.rm(`${dir}/a`))).toMatchObject({ code: 'ERR_FS_EISDIR', syscall: 'rm' })
    expect(await rejection(fs.rmdir(`${dir}/a`))).toMatchObject({ code: 'ENOTEMPTY', syscall: 'rmdir' })
    expect(await rejection(fs.unlink(`${dir}/a`))).toMatchObject({ code: 'EISDIR', syscall: 'unlink' })
    await fs.rm(`${dir}/a`, { recursive: true })
    expect(await fs.readdir(dir)).toEqual([])
  })
  it('does not follow a link to a directory', async () => {
    const { fs, dir } = shared
    await fs.mkdir(`${dir}/kept`)
    await fs.writeFile(`${dir}/kept/f`, '')
    await fs.mkdir(`${dir}/tree`)
    await fs.symlink('../kept', `${dir}/tree/l`)
    await fs.rm(`${dir}/tree`, { recursive: true })
    expect(await fs.readdir(`${dir}/kept`)).toEqual(['f'])
  })
  it('removes more than it takes in one go', async () => {
    const { sandbox, fs, dir } = shared
    await output(sandbox, `cd ${dir}; mkdir -p t/a t/b; cd t/a; seq 1 6000 | xargs touch; cd ../b; seq 1 3000 | xargs mkdir`)
    await fs.rm(`${dir}/t`, { recursive: true })
    expect(await fs.readdir(dir)).toEqual([])
  })
  it('removes a tree deeper than any path can say', async () => {
    const { sandbox, fs, dir } = shared
    await output(
      sandbox,
      `cd ${dir}; mkdir t; cd t; i=0; while [ $i -lt 22 ]; do mkdir -p ${'d/'.repeat(100)}; cd -P ${'d/'.repeat(100)}; touch f; i=$((i+1)); done`,
    )
    await fs.rm(`${dir}/t`, { recursive: true })
    expect(await fs.readdir(dir)).toEqual([])
  })
  it('leaves a mount point, and what is mounted there', async () => {
    const { sandbox, fs } = shared
    for (const path of ['/proc', '/dev/pts', '/dev', '/dev/null'])
      expect(await rejection(fs.rm(path, { recursive: true }))).toMatchObject({ code: 'EBUSY' })
    expect(await rejection(fs.rmdir('/proc'))).toMatchObject({ code: 'EBUSY' })
    expect(await rejection(fs.rename('/dev/pts', '/dev/pts2'))).toMatchObject({ code: 'EBUSY' })
    expect(await rejection(fs.rename('/etc/passwd', '/dev/null'))).toMatchObject({ code: 'EBUSY' })
    expect(await rejection(fs.rm('/', { recursive: true }))).toMatchObject({ code: 'EBUSY' })
    expect((await sandbox.run(['test', '-e', '/proc/self/status'])).ok).toBe(true)
  })
})
