// copyOut: files and trees of a real sandbox to the host.
import { lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openFds } from '../../support/residue.js'
import { output, rejection } from '../api/support/open.js'
import { hostDirectory, snapshot } from './support/host-dir.js'
import { shareSandbox } from './support/shared.js'

const shared = shareSandbox()

describe('copyOut of a tree', () => {
  it('keeps modes, times, links and content, but no setuid and no owner', async () => {
    const { sandbox, fs, dir } = shared
    const host = hostDirectory()
    await output(
      sandbox,
      `cd ${dir}; mkdir -p a/b; printf content > a/f; ln a/f a/b/same; ln -s ../f a/b/l; ln -s /etc/shadow abs; mkfifo p
       printf x > a/suid; chmod 6755 a/suid; chmod 500 a/b; chmod 2755 a; touch -d @1000000000 a/f a/b a; chown 12:34 a/f || true`,
    )
    await fs.copyOut(dir, join(host, 'new/out'))
    const out = join(host, 'new/out')
    const { p, ...rest } = snapshot(out)
    expect(rest).toEqual({
      a: '755 dir',
      abs: '-> /etc/shadow',
      'a/b': '500 dir',
      'a/b/l': '-> ../f',
      'a/b/same': '644 content',
      'a/f': '644 content',
      'a/suid': '755 x',
    })
    expect(p).toBe('644 special')
    for (const name of ['a', 'a/b', 'a/f']) expect(statSync(join(out, name)).mtimeMs).toBe(1e12)
    expect(statSync(join(out, 'a/f')).ino).toBe(statSync(join(out, 'a/b/same')).ino)
    expect(statSync(join(out, 'a/f')).uid).toBe(process.getuid?.())
  })
  it('merges into directories that are there and replaces the rest', async () => {
    const { sandbox, fs, dir } = shared
    const host = hostDirectory()
    mkdirSync(join(host, 'd'), { mode: 0o711 })
    writeFileSync(join(host, 'd/old'), 'old')
    writeFileSync(join(host, 'f'), 'old and long')
    await output(sandbox, `cd ${dir}; mkdir d; printf new > d/new; printf new > f`)
    await fs.copyOut(dir, host)
    expect(snapshot(host)).toEqual({ d: '711 dir', 'd/new': '644 new', 'd/old': '644 old', f: '644 new' })
  })
  it('leaves out sockets and what filter refuses', async () => {
    const { fs, dir } = shared
    const host = hostDirectory()
    await fs.mkdir(`${dir}/a/b`, { recursive: true })
    await fs.writeFile(`${dir}/a/f`, '')
    await fs.copyOut(dir, host, { filter: (path) => path !== 'a/b' })
    expect(Object.keys(snapshot(host))).toEqual(['a', 'a/f'])
  })
  it('refuses devices', async () => {
    const host = hostDirectory()
    expect(await rejection(shared.fs.copyOut('/dev', join(host, 'dev')))).toMatchObject({ code: 'EPERM', syscall: 'copyOut' })
    expect(await rejection(shared.fs.copyOut('/dev/null', join(host, 'null')))).toMatchObject({
      code: 'EPERM',
      path: '/dev/null',
      dest: join(host, 'null'),
    })
  })
  it('says which file could not be written', async () => {
    const { fs, dir } = shared
    const host = hostDirectory()
    await fs.writeFile(`${dir}/f`, '')
    mkdirSync(join(host, 'f'))
    expect(await rejection(fs.copyOut(dir, host))).toMatchObject({
      name: 'FsError',
      code: 'EISDIR',
      path: `${dir}/f`,
      dest: join(host, 'f'),
    })
  })
})

describe('copyOut of one file', () => {
  it('makes it under the name that is given', async () => {
    const { fs, dir } = shared
    const host = hostDirectory()
    await fs.writeFile(`${dir}/f`, 'content', { mode: 0o750 })
    await fs.copyOut(`${dir}/f`, join(host, 'some/where/g'))
    expect(readFileSync(join(host, 'some/where/g'), 'utf8')).toBe('content')
    expect(statSync(join(host, 'some/where/g')).mode & 0o7777).toBe(0o750)
  })
  it('copies a link as a link, and replaces a link instead of writing through it', async () => {
    const { fs, dir } = shared
    const host = hostDirectory()
    await fs.symlink('/etc/passwd', `${dir}/l`)
    await fs.writeFile(`${dir}/f`, 'new')
    writeFileSync(join(host, 'victim'), 'kept')
    symlinkSync('victim', join(host, 'f'))
    await fs.copyOut(`${dir}/l`, join(host, 'l'))
    await fs.copyOut(`${dir}/f`, join(host, 'f'))
    expect(snapshot(host)).toEqual({ f: '644 new', l: '-> /etc/passwd', victim: '644 kept' })
  })
  it('copies no more than the file had, however fast it grows', async () => {
    const { sandbox, fs, dir } = shared
    const host = hostDirectory()
    const grower = await sandbox.spawn(`while :; do printf xxxxxxxx; done > ${dir}/f`)
    await output(sandbox, `until [ -s ${dir}/f ]; do :; done`)
    await fs.copyOut(`${dir}/f`, join(host, 'f'))
    expect(lstatSync(join(host, 'f')).size).toBeGreaterThan(0)
    grower.kill('SIGKILL')
  })
  it('rejects for what is not there', async () => {
    const { fs, dir } = shared
    const host = hostDirectory()
    expect(await rejection(fs.copyOut(`${dir}/none`, join(host, 'x')))).toMatchObject({
      code: 'ENOENT',
      syscall: 'copyOut',
      path: `${dir}/none`,
    })
    expect(snapshot(host)).toEqual({})
  })
})

it('copyOut leaves no descriptor behind', async () => {
  const host = hostDirectory()
  await shared.fs.copyOut('/etc/apt', join(host, '1'))
  const before = openFds()
  for (let k = 0; k < 3; k++) await shared.fs.copyOut('/etc/apt', join(host, '1'))
  await rejection(shared.fs.copyOut('/dev', join(host, 'dev')))
  expect(openFds()).toBeLessThanOrEqual(before)
})
