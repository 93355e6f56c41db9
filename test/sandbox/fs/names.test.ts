// rename, link, symlink, readlink, realpath, unlink in a real sandbox.
import { describe, expect, it } from 'vitest'
import { output, rejection } from '../api/support/open.js'
import { shareSandbox } from './support/shared.js'

const shared = shareSandbox()

describe('rename', () => {
  it('moves over what is there, and directories', async () => {
    const { fs, dir } = shared
    await fs.writeFile(`${dir}/a`, 'a')
    await fs.writeFile(`${dir}/b`, 'b')
    await fs.rename(`${dir}/a`, `${dir}/b`)
    expect(await fs.readFile(`${dir}/b`, 'utf8')).toBe('a')
    await fs.mkdir(`${dir}/d/e`, { recursive: true })
    await fs.rename(`${dir}/d`, `${dir}/f/`)
    expect((await fs.readdir(dir, { recursive: true })).sort()).toEqual(['b', 'f', 'f/e'])
  })
  it('rejects with both paths', async () => {
    const { fs, dir } = shared
    expect(await rejection(fs.rename(`${dir}/none`, `${dir}/b`))).toMatchObject({
      code: 'ENOENT',
      errno: -2,
      syscall: 'rename',
      path: `${dir}/none`,
      dest: `${dir}/b`,
    })
    await fs.writeFile(`${dir}/f`, '')
    await fs.mkdir(`${dir}/d`)
    expect(await rejection(fs.rename(`${dir}/f`, `${dir}/d`))).toMatchObject({ code: 'EISDIR' })
    expect(await rejection(fs.rename(`${dir}/d`, `${dir}/d/e`))).toMatchObject({ code: 'EINVAL' })
  })
  it('does not take a name that is too long for another that begins like it', async () => {
    const { fs, dir } = shared
    await fs.writeFile(`${dir}/${'n'.repeat(255)}`, '')
    expect(await rejection(fs.rename(`${dir}/${'n'.repeat(256)}`, `${dir}/b`))).toMatchObject({ code: 'ENAMETOOLONG' })
  })
})

describe('link', () => {
  it('gives a file a second name', async () => {
    const { fs, dir } = shared
    await fs.writeFile(`${dir}/a`, 'x')
    await fs.link(`${dir}/a`, `${dir}/b`)
    const [a, b] = [await fs.stat(`${dir}/a`), await fs.stat(`${dir}/b`)]
    expect([a.ino, a.nlink]).toEqual([b.ino, 2])
  })
  it('rejects for a directory, a name that is taken, a file that is not there', async () => {
    const { fs, dir } = shared
    await fs.writeFile(`${dir}/a`, 'x')
    expect(await rejection(fs.link(dir, `${dir}/b`))).toMatchObject({ code: 'EPERM', syscall: 'link' })
    expect(await rejection(fs.link(`${dir}/a`, `${dir}/a`))).toMatchObject({ code: 'EEXIST', dest: `${dir}/a` })
    expect(await rejection(fs.link(`${dir}/none`, `${dir}/b`))).toMatchObject({ code: 'ENOENT' })
  })
})

describe('symlink and readlink', () => {
  it('store a target as it is', async () => {
    const { sandbox, fs, dir } = shared
    for (const [name, target] of Object.entries({ a: '/absolute', b: '../rel/./x/', c: 'x'.repeat(4095), d: '\udcff' })) {
      await fs.symlink(target, `${dir}/${name}`)
      expect(await fs.readlink(`${dir}/${name}`)).toBe(target)
    }
    expect(await output(sandbox, `readlink ${dir}/b`)).toBe('../rel/./x/')
    expect(await fs.readlink(`${dir}/d`, 'buffer')).toEqual(Buffer.from([0xff]))
  })
  it('reject as the kernel does', async () => {
    const { fs, dir } = shared
    expect(await rejection(fs.symlink('x', dir))).toMatchObject({ code: 'EEXIST', syscall: 'symlink', path: 'x', dest: dir })
    expect(await rejection(fs.symlink('', `${dir}/a`))).toMatchObject({ code: 'ENOENT' })
    expect(await rejection(fs.symlink('x'.repeat(4096), `${dir}/a`))).toMatchObject({ code: 'ENAMETOOLONG' })
    expect(await rejection(fs.readlink(dir))).toMatchObject({ code: 'EINVAL', syscall: 'readlink', path: dir })
    expect(await rejection(fs.readlink(`${dir}/none`))).toMatchObject({ code: 'ENOENT' })
  })
})

describe('realpath', () => {
  it('is what realpath(1) inside says', async () => {
    const { sandbox, fs, dir } = shared
    await output(sandbox, `cd ${dir}; mkdir -p a/b; touch 'a/b/c (deleted)'; ln -s a/../a/b l; ln -s ${dir}/l m`)
    for (const path of [`${dir}/m/c (deleted)`, `${dir}/./a//b/..`, '/bin/sh', '/', '/../..', '/dev/shm', '/proc/1/status'])
      expect(await fs.realpath(path)).toBe(await output(sandbox, ['realpath', path]))
    expect(await fs.realpath(`${dir}/l`, 'buffer')).toEqual(Buffer.from(`${dir}/a/b`))
  })
  it('rejects for what is not there', async () => {
    const { fs, dir } = shared
    expect(await rejection(fs.realpath(`${dir}/none`))).toMatchObject({ code: 'ENOENT', syscall: 'realpath', path: `${dir}/none` })
  })
})
