// What is placed for a program: its own path, the links on the way, its interpreter; and what is refused.
import { execFileSync } from 'node:child_process'
import { chmodSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { programFiles } from '../../../src/builder/program/index.js'
import { comparePaths, FormatError, SyscallError } from '../../../src/core/index.js'
import { requires } from '../../support/requires.js'
import { makeElf } from './make-elf.js'
import { filesOf, listed, makeTree } from './make-tree.js'

const LOADER = '/lib64/ld-linux-x86-64.so.2'
const staticElf = makeElf()
const dynamicElf = makeElf({ interpreter: LOADER, needed: ['libc.so.6'] })
const loader = makeElf({ soname: 'ld-linux-x86-64.so.2' })
const libc = makeElf({ soname: 'libc.so.6', needed: ['ld-linux-x86-64.so.2'] })
/** A merged-usr root, as Debian's. */
const merged = {
  '/bin': '-> usr/bin',
  '/lib': '-> usr/lib',
  '/lib64': '-> /usr/lib64',
  '/usr/lib64/ld-linux-x86-64.so.2': '-> /lib/x86_64-linux-gnu/ld-2.36.so',
  '/usr/lib/x86_64-linux-gnu/ld-2.36.so': loader,
  '/usr/lib/x86_64-linux-gnu/libc-2.36.so': libc,
  '/usr/lib/x86_64-linux-gnu/libc.so.6': '-> libc-2.36.so',
  '/usr/bin/dash': dynamicElf,
  '/usr/bin/sh': '-> dash',
}

describe('links', () => {
  it('keeps every link on the way and places what it points to', async () => {
    expect(await listed(merged, '/bin/sh')).toEqual([
      '/bin -> usr/bin',
      '/lib -> usr/lib',
      '/lib64 -> /usr/lib64',
      '/usr/',
      '/usr/bin/',
      '/usr/bin/dash',
      '/usr/bin/sh -> dash',
      '/usr/lib/',
      '/usr/lib/x86_64-linux-gnu/',
      '/usr/lib/x86_64-linux-gnu/ld-2.36.so',
      '/usr/lib/x86_64-linux-gnu/libc-2.36.so',
      '/usr/lib/x86_64-linux-gnu/libc.so.6 -> libc-2.36.so',
      '/usr/lib64/',
      '/usr/lib64/ld-linux-x86-64.so.2 -> /lib/x86_64-linux-gnu/ld-2.36.so',
    ])
  })

  it('lists what two programs share once', async () => {
    expect(await listed(merged, '/bin/sh', '/usr/bin/dash', '/bin/sh')).toEqual(await listed(merged, '/bin/sh'))
  })

  it('goes up from where a link led, not from where it stands', async () => {
    const tree = { '/a': '-> /deep/down', '/deep/down': null, '/deep/tool': staticElf, '/tool': staticElf }
    expect(await filesOf(tree, '/a/../tool')).toEqual(['/deep/tool'])
  })

  it('does not go up past the root', async () => {
    expect(await filesOf({ '/a': '-> ../../../tool', '/tool': staticElf }, '/a')).toEqual(['/tool'])
  })

  it.each([40, 41])('follows 40 links in a row and not one more (%i)', async (count) => {
    const tree: Record<string, string | Uint8Array> = { '/l0': staticElf }
    for (let i = 1; i <= count; i++) tree[`/l${i}`] = `-> l${i - 1}`
    const result = listed(tree, `/l${count}`)
    if (count === 40) expect(await result).toHaveLength(41)
    else await expect(result).rejects.toMatchObject({ code: 'ELOOP' })
  })

  it('keeps names that are not UTF-8', async () => {
    const root = makeTree({ '/bin/tool': staticElf })
    execFileSync('sh', ['-c', `cp bin/tool "bin/$(printf 'caf\\351')"`], { cwd: root })
    const files = await programFiles(['/bin/caf\udce9'], { root })
    expect(files.at(-1)).toMatchObject({ path: '/bin/caf\udce9', source: `${root}/bin/caf\udce9` })
  })
})

describe('entries', () => {
  it('are sorted by path bytes, so that a directory comes before what is in it', async () => {
    const paths = ['/b/tool', '/b-c', '/b/\u{10000}', '/b/\uff5e', '/b.d/tool']
    const files = await programFiles(paths, { root: makeTree(Object.fromEntries(paths.map((path) => [path, staticElf]))) })
    expect(files.map((file) => file.path)).toEqual([...paths, '/b', '/b.d'].sort(comparePaths))
  })

  it('carry mode, host file and size, without set-user-id bits', async () => {
    const root = makeTree({ '/bin/su': staticElf })
    chmodSync(join(root, 'bin/su'), 0o6711)
    chmodSync(join(root, 'bin'), 0o1750)
    expect(await programFiles(['/bin/su'], { root })).toEqual([
      { path: '/bin', kind: 'directory', mode: 0o1750 },
      { path: '/bin/su', kind: 'file', mode: 0o711, source: join(root, 'bin/su'), size: statSync(join(root, 'bin/su')).size },
    ])
  })

  it('are none for no program', async () => {
    expect(await programFiles([])).toEqual([])
  })
})

describe('scripts', () => {
  const env = { '/usr/bin/env': staticElf }

  it.each([
    ['#!/bin/tool\n', ['/bin/tool', '/run'], 'a plain interpreter'],
    ['#! \t/bin/tool  -x \n', ['/bin/tool', '/run'], 'blanks and an argument'],
    ['#!/bin/tool', ['/bin/tool', '/run'], 'no newline'],
    ['#!/script\n', ['/bin/tool', '/run', '/script'], 'an interpreter that is a script'],
    ['#!/usr/bin/env node\n', ['/run', '/usr/bin/env', '/usr/local/bin/node'], 'env and a command, found in the default PATH'],
    ['#!/usr/bin/env -S node --flag\n', ['/run', '/usr/bin/env', '/usr/local/bin/node'], 'env -S'],
    ['#!/usr/bin/env /bin/tool\n', ['/bin/tool', '/run', '/usr/bin/env'], 'env and a path'],
    ['#!/usr/bin/env\n', ['/run', '/usr/bin/env'], 'env alone'],
  ])('%j brings %j (%s)', async (text, expected) => {
    const tree = {
      ...env,
      '/run': text,
      '/bin/tool': staticElf,
      '/script': '#!/bin/tool\n',
      '/usr/local/bin/node': staticElf,
      '/usr/bin/node': staticElf,
    }
    expect(await filesOf(tree, '/run')).toEqual(expected)
  })

  it('find a command outside of PATH among the programs that were given', async () => {
    const tree = { ...env, '/run': '#!/usr/bin/env node\n', '/opt/node/bin/node': staticElf }
    expect(await filesOf(tree, '/run', '/opt/node/bin/node')).toContain('/opt/node/bin/node')
    await expect(listed(tree, '/run')).rejects.toThrow(/no node in \/usr\/local\/sbin:.*interpreter of \/run.*full path/)
  })

  it.each([
    ['#!/run\n', 'ELOOP', 'its own interpreter'],
    ['#!/usr/bin/env nowhere\n', 'ENOENT', 'env and a command that is nowhere'],
    ['#!/usr/bin/env /run\n', 'ELOOP', 'its own interpreter through env'],
    ['#!/bin/none\n', 'ENOENT', 'an interpreter that is not there'],
    ['#!/usr\n', 'EISDIR', 'a directory'],
    ['#!sh\n', 'ERR_FORMAT', 'a relative path'],
    ['#!\n', 'ERR_FORMAT', 'nothing'],
    [`#!/${'x'.repeat(300)}\n`, 'ERR_FORMAT', 'a line that the kernel would cut'],
  ])('%j is refused with %s: %s', async (text, code) => {
    await expect(listed({ ...env, '/run': text }, '/run')).rejects.toMatchObject({ code, message: expect.stringContaining('/run') })
  })
})

describe('what is no program', () => {
  const root = () =>
    makeTree({
      '/bin/tool': staticElf,
      '/text': 'hello',
      '/empty': '',
      '/dangling': '-> nowhere',
      '/loop': '-> loop',
      '/noexec': staticElf,
    })

  it.each([
    ['/none', 'ENOENT'],
    ['/bin/tool/more', 'ENOENT'],
    ['/dangling', 'ENOENT'],
    ['/loop', 'ELOOP'],
    ['/bin', 'EISDIR'],
    ['/', 'EISDIR'],
    ['/noexec', 'EACCES'],
    ['/pipe', 'EACCES'],
  ])('%s is a SyscallError %s that names the path', async (path, code) => {
    const host = root()
    chmodSync(join(host, 'noexec'), 0o644)
    execFileSync('mkfifo', ['-m', '755', join(host, 'pipe')])
    const error: unknown = await programFiles([path], { root: host }).catch((error) => error)
    expect(error).toBeInstanceOf(SyscallError)
    expect(error).toMatchObject({ code, path, message: expect.stringContaining(path) })
  })

  it.each(['/text', '/empty'])('%s is a FormatError with a remedy', async (path) => {
    const error: unknown = await programFiles([path], { root: root() }).catch((error) => error)
    expect(error).toBeInstanceOf(FormatError)
    expect(error).toMatchObject({ message: expect.stringContaining(`${path} is neither`), remedy: expect.stringContaining('#!') })
  })

  it.each(['tool', './tool', '', '/a\0b'])('%j is a TypeError', async (path) => {
    await expect(programFiles([path])).rejects.toThrow(TypeError)
  })

  it('may be a file that this user cannot read', async (ctx) => {
    requires(ctx, 'ordinary user')
    const host = root()
    chmodSync(join(host, 'bin/tool'), 0o111)
    await expect(programFiles(['/bin/tool'], { root: host })).rejects.toMatchObject({ code: 'EACCES', syscall: 'open' })
  })
})

it('stops with the reason of its signal', async () => {
  const reason = new Error('enough')
  await expect(programFiles(['/bin/sh'], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  const controller = new AbortController()
  const result = programFiles(['/bin/sh'], { root: makeTree(merged), signal: controller.signal })
  controller.abort(reason)
  await expect(result).rejects.toBe(reason)
})
