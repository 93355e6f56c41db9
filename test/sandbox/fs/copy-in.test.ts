// copyIn: trees of the host into a real sandbox.
import { execFileSync } from 'node:child_process'
import { chmodSync, linkSync, lstatSync, mkdirSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openFds } from '../../support/residue.js'
import { output, rejection } from '../api/support/open.js'
import { hostDirectory } from './support/host-dir.js'
import { shareSandbox } from './support/shared.js'

const shared = shareSandbox()

describe('copyIn of a tree', () => {
  it('keeps modes, times, links and content', async () => {
    const { sandbox, fs, dir } = shared
    const host = hostDirectory()
    mkdirSync(join(host, 'a/b'), { recursive: true })
    writeFileSync(join(host, 'a/f'), 'content')
    writeFileSync(join(host, 'a/run'), '#!/bin/sh', { mode: 0o755 })
    linkSync(join(host, 'a/f'), join(host, 'a/b/same'))
    symlinkSync('../f', join(host, 'a/b/l'))
    symlinkSync('/nowhere', join(host, 'dangling'))
    execFileSync('mkfifo', [join(host, 'fifo')])
    chmodSync(join(host, 'a/run'), 0o4755)
    chmodSync(join(host, 'a/b'), 0o500)
    for (const name of ['a/f', 'a/b', 'a', '']) utimesSync(join(host, name), 5, 1_000_000_000 + name.length)
    await fs.copyIn(host, `${dir}/new/tree`)
    expect(await output(sandbox, `cd ${dir}/new/tree; find . -printf '%P %y %m %l\\n' | sort`)).toBe(
      [
        ' d 700 ',
        'a d 755 ',
        'a/b d 500 ',
        'a/b/l l 777 ../f',
        'a/b/same f 644 ',
        'a/f f 644 ',
        'a/run f 4755 ',
        'dangling l 777 /nowhere',
        'fifo p 644',
      ].join('\n'),
    )
    expect(await output(sandbox, `cd ${dir}/new/tree; stat -c '%Y' . a a/b a/f`)).toBe('1000000000\n1000000001\n1000000003\n1000000003')
    expect(await output(sandbox, `cd ${dir}/new/tree; stat -c '%i %h' a/f a/b/same | uniq | wc -l; cat a/b/l`)).toBe('1\ncontent')
    expect((await fs.lstat(`${dir}/new/tree/dangling`)).mtimeMs).toBe(lstatSync(join(host, 'dangling')).mtimeMs)
  })
  it('merges into directories that are there, which keep their attributes, and replaces the rest', async () => {
    const { sandbox, fs, dir } = shared
    const host = hostDirectory()
    mkdirSync(join(host, 'd'))
    writeFileSync(join(host, 'd/new'), 'new')
    writeFileSync(join(host, 'file'), 'new')
    symlinkSync('new-target', join(host, 'link'))
    await output(sandbox, `cd ${dir}; mkdir -m 711 d; echo old > d/old; echo old > other; ln -s other file; echo old > link`)
    await fs.copyIn(host, dir)
    expect(await output(sandbox, `cd ${dir}; find . -printf '%P %y %m %l\\n' | sort; cat other`)).toBe(
      [' d 777 ', 'd d 711 ', 'd/new f 644 ', 'd/old f 644 ', 'file f 644 ', 'link l 777 new-target', 'other f 644 ', 'old'].join('\n'),
    )
  })
  it('does not replace a directory by a file, nor a file by a directory', async () => {
    const { fs, dir } = shared
    const host = hostDirectory()
    writeFileSync(join(host, 'x'), '')
    await fs.mkdir(`${dir}/x`)
    expect(await rejection(fs.copyIn(host, dir))).toMatchObject({
      code: 'EISDIR',
      syscall: 'copyIn',
      path: join(host, 'x'),
      dest: `${dir}/x`,
    })
    await fs.rmdir(`${dir}/x`)
    await fs.writeFile(`${dir}/x`, '')
    const other = hostDirectory()
    mkdirSync(join(other, 'x'))
    expect(await rejection(fs.copyIn(other, dir))).toMatchObject({ code: 'EEXIST', dest: `${dir}/x` })
  })
  it('leaves out what filter refuses, with all below it', async () => {
    const { fs, dir } = shared
    const host = hostDirectory()
    for (const name of ['keep/deep', 'node_modules/a']) mkdirSync(join(host, name), { recursive: true })
    writeFileSync(join(host, 'keep/deep/f'), '')
    writeFileSync(join(host, 'node_modules/a/f'), '')
    const asked: string[] = []
    const filter = async (path: string) => asked.push(path) > 0 && path !== 'node_modules'
    await fs.copyIn(host, dir, { filter })
    expect((await fs.readdir(dir, { recursive: true })).sort()).toEqual(['keep', 'keep/deep', 'keep/deep/f'])
    expect(asked.sort()).toEqual(['keep', 'keep/deep', 'keep/deep/f', 'node_modules'])
  })
  it('keeps user attributes, and not those that overlayfs would take for its own', async (ctx) => {
    const { sandbox, fs, dir } = shared
    const host = hostDirectory()
    writeFileSync(join(host, 'f'), '')
    const set = (name: string) =>
      execFileSync('python3', ['-c', `import os; os.setxattr(${JSON.stringify(join(host, 'f'))}, "${name}", b"v")`])
    try {
      set('user.mine')
    } catch {
      ctx.skip('no python3, or the temporary directory holds no extended attributes')
    }
    set('user.overlay.opaque')
    await fs.copyIn(host, dir)
    const back = hostDirectory()
    await fs.copyOut(dir, back)
    expect(String(execFileSync('python3', ['-c', `import os; print(os.listxattr(${JSON.stringify(join(back, 'f'))}))`])).trim()).toBe(
      "['user.mine']",
    )
    expect((await sandbox.run(['test', '-e', `${dir}/f`])).ok).toBe(true)
  })
})

describe('copyIn of one file', () => {
  it('makes it under the name that is given', async () => {
    const { fs, dir } = shared
    const host = hostDirectory()
    writeFileSync(join(host, 'f'), 'content', { mode: 0o750 })
    await fs.copyIn(join(host, 'f'), `${dir}/some/where/g`)
    expect(await fs.readFile(`${dir}/some/where/g`, 'utf8')).toBe('content')
    expect((await fs.stat(`${dir}/some/where/g`)).mode & 0o7777).toBe(0o750)
    expect(await rejection(fs.copyIn(join(host, 'f'), `${dir}/some`))).toMatchObject({ code: 'EISDIR' })
  })
  it('copies a link as a link', async () => {
    const { fs, dir } = shared
    const host = hostDirectory()
    symlinkSync('/etc', join(host, 'l'))
    await fs.copyIn(join(host, 'l'), `${dir}/l`)
    expect(await fs.readlink(`${dir}/l`)).toBe('/etc')
  })
  it('keeps holes', async () => {
    const { fs, dir } = shared
    const host = hostDirectory()
    writeFileSync(join(host, 'f'), 'x')
    truncateSync(join(host, 'f'), 2 ** 28)
    await fs.copyIn(join(host, 'f'), `${dir}/f`)
    const { size, blocks } = await fs.stat(`${dir}/f`)
    expect([size, blocks < 100]).toEqual([2 ** 28, true])
  })
  it('rejects for what is not there, for devices, for unknown options', async () => {
    const { fs, dir } = shared
    expect(await rejection(fs.copyIn('/nowhere/at/all', `${dir}/x`))).toMatchObject({
      name: 'FsError',
      code: 'ENOENT',
      errno: -2,
      syscall: 'copyIn',
      path: '/nowhere/at/all',
      dest: `${dir}/x`,
    })
    expect(await rejection(fs.copyIn('/dev/null', `${dir}/null`))).toMatchObject({ code: 'EPERM' })
    expect(await rejection(fs.copyIn('/etc', dir, { recursive: true } as object))).toBeInstanceOf(TypeError)
  })
})

it('copyIn leaves no descriptor behind', async () => {
  const { fs, dir } = shared
  await fs.copyIn('/etc/ssl', `${dir}/1`, { filter: (path) => !path.includes('private') })
  const before = openFds()
  for (let k = 0; k < 3; k++) await fs.copyIn('/etc/ssl', `${dir}/1`, { filter: (path) => !path.includes('private') })
  await rejection(fs.copyIn('/dev', dir))
  expect(openFds()).toBeLessThanOrEqual(before)
})
