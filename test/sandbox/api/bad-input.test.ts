// Bad input: a typed error that names the option and says what to do, and nothing left behind.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Sandbox, type SandboxOptions, SyscallError, UnsupportedError } from 'stratabox'
import { describe, expect, it, onTestFinished } from 'vitest'
import { descendants, eventually } from '../../support/descendants.js'
import { openFds } from '../../support/residue.js'
import { open, rejection } from './support/open.js'

const create = (options: unknown) => rejection(Sandbox.create(options as SandboxOptions).then((sandbox) => sandbox.close()))

type Row = readonly [what: string, options: unknown, kind: typeof TypeError | typeof RangeError, names: string]

describe('options of Sandbox.create', () => {
  it.each<Row>([
    ['an unknown option', { memory: 1 }, TypeError, "'memory'"],
    ['an unknown limit', { limits: { memoryMaxMb: 1 } }, TypeError, "'memoryMaxMb'"],
    ['an unknown option of a mount', { mounts: { '/a': { source: '/', acess: 'read' } } }, TypeError, "'acess'"],
    ['options that are none', 'host', TypeError, 'options'],
    ['options that are null', null, TypeError, 'options'],
    ['limits that are none', { limits: [] }, TypeError, 'limits'],
    ['a limit that is text', { limits: { pidsMax: '64' } }, TypeError, 'pidsMax'],
    ['a limit of 0', { limits: { pidsMax: 0 } }, RangeError, 'pidsMax'],
    ['a limit that is no number', { limits: { memoryMaxBytes: Number.NaN } }, RangeError, 'memoryMaxBytes'],
    ['too little memory', { limits: { memoryMaxBytes: 2 ** 20 - 1 } }, RangeError, 'memoryMaxBytes'],
    ['a limit with a fraction', { limits: { openFilesMax: 20.5 } }, RangeError, 'openFilesMax'],
    ['no processor', { limits: { cpusMax: 0 } }, RangeError, 'cpusMax'],
    ['a lifetime beyond any timer', { limits: { lifetimeMaxMs: 2 ** 31 } }, RangeError, 'lifetimeMaxMs'],
    ['a mount over /', { mounts: { '/': { tmpfs: true } } }, TypeError, 'mounts'],
    ['a mount at a relative path', { mounts: { data: { tmpfs: true } } }, TypeError, 'mounts["data"]'],
    ['a mount at a path with ..', { mounts: { '/a/../b': { tmpfs: true } } }, TypeError, "'..'"],
    ['a mount that is nothing', { mounts: { '/a': {} } }, TypeError, 'mounts["/a"]'],
    ['a mount with a wrong access', { mounts: { '/a': { source: '/tmp', access: 'rw' } } }, TypeError, 'access'],
    ['a mount with NUL in its source', { mounts: { '/a': { source: '/tmp\0' } } }, TypeError, 'source'],
    ['an environment with a wrong name', { env: { 'A=B': '1' } }, TypeError, 'A=B'],
    ['an environment with NUL', { env: { A: 'b\0c' } }, TypeError, 'env.A'],
    ['an environment with a number', { env: { A: 1 } }, TypeError, 'env.A'],
    ['a relative cwd', { cwd: 'src' }, TypeError, 'cwd'],
    ['a user with one id', { user: { uid: 1 } }, TypeError, 'user'],
    ['a user with a negative id', { user: { uid: -1, gid: 0 } }, RangeError, 'user.uid'],
    ['a host name with a blank', { hostname: 'a b' }, TypeError, 'hostname'],
    ['a host name that is too long', { hostname: 'x'.repeat(65) }, TypeError, 'hostname'],
    ['an unknown network', { network: 'bridge' }, TypeError, 'network'],
    ['an unknown scratch', { scratch: 'ram' }, TypeError, 'scratch'],
    ['an unknown onUnenforceable', { onUnenforceable: 'warn' }, TypeError, 'onUnenforceable'],
    ['an unknown isolation', { isolation: 'vm' }, TypeError, 'isolation'],
    ['an unknown pull', { pull: 'often' }, TypeError, 'pull'],
    ['an empty root', { root: '' }, TypeError, 'root'],
    ['a root that is none', { root: 42 }, TypeError, 'root'],
    ['a seccomp that is none', { seccomp: 'strict' }, TypeError, 'seccomp'],
    ['a signal that is none', { signal: {} }, TypeError, 'signal'],
  ])('refuses %s', async (_, options, kind, names) => {
    const error = await create(options)
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toContain(names)
  })

  it('takes undefined for anything', async () => {
    const names = ['root', 'store', 'pull', 'env', 'cwd', 'user', 'hostname', 'mounts', 'scratch', 'network', 'limits', 'capabilities']
    const more = ['seccomp', 'isolation', 'onUnenforceable', 'registry', 'signal']
    const sandbox = await open(Object.fromEntries([...names, ...more].map((name) => [name, undefined])))
    expect(
      await sandbox.run(['true'], { env: undefined, cwd: undefined, user: undefined, input: undefined, timeoutMs: undefined }),
    ).toMatchObject({ ok: true })
  })

  it.each([
    ['./not/there', 'ENOENT'],
    ['/etc/passwd', 'ENOTDIR'],
  ])('refuses the root %s', async (root, code) => {
    const error = await create({ root })
    expect(error).toBeInstanceOf(SyscallError)
    expect(error).toMatchObject({ code, step: 'root', remedy: expect.stringContaining('root') })
  })

  it('refuses a reference that is not in the store', async () => {
    const error = await create({ root: 'not-there:1', pull: 'never' })
    expect(error.message).toContain('not-there:1')
    expect(error['remedy']).toBeTruthy()
  })

  it.each<[string, unknown]>([
    ['registry', { registry: {} }],
    ["isolation: 'job'", { isolation: 'job' }],
  ])('says that %s is not for this system', async (_, options) => {
    const error = await create(options)
    expect(error).toBeInstanceOf(UnsupportedError)
    expect(error['remedy']).toBeTruthy()
  })

  it('leaves nothing behind when a plan fails half way', async () => {
    await (await open()).run(['true'])
    const [processes, fds] = [descendants(process.pid).length, openFds()]
    for (let k = 0; k < 5; k++) {
      const error = await create({ mounts: { '/etc/passwd/x': { tmpfs: true } } })
      expect(error).toMatchObject({ code: 'ENOTDIR', step: 'mnt', path: '/etc/passwd/x' })
    }
    expect(await eventually(() => descendants(process.pid).length <= processes && openFds() <= fds)).toBe(true)
  })
})

describe('commands', () => {
  it.each<[string, unknown, string]>([
    ['no argument', [], 'command'],
    ['an empty name', [''], 'command[0]'],
    ['NUL in the name', ['ls\0'], 'command[0]'],
    ['NUL in an argument', ['ls', 'a', 'b\0c'], 'command[2]'],
    ['NUL in a shell line', 'ls \0', 'command'],
    ['an argument that is a number', ['ls', 1], 'command[1]'],
    ['no command but an object', { argv: ['ls'] }, 'command'],
  ])('are refused with %s', async (_, command, names) => {
    const sandbox = await open()
    for (const error of [await rejection(sandbox.run(command as string)), await rejection(sandbox.spawn(command as string))]) {
      expect(error).toBeInstanceOf(TypeError)
      expect(error.message).toContain(names)
    }
  })

  it.each<[string, unknown, typeof TypeError | typeof RangeError, string]>([
    ['an unknown option', { timeout: 1 }, TypeError, "'timeout'"],
    ['a time-out of 0', { timeoutMs: 0 }, RangeError, 'timeoutMs'],
    ['a time-out beyond any timer', { timeoutMs: 2 ** 31 }, RangeError, 'timeoutMs'],
    ['a negative bound', { maxOutputBytes: -1 }, RangeError, 'maxOutputBytes'],
    ['an unknown encoding', { encoding: 'latin1' }, TypeError, 'encoding'],
    ['an unknown stderr', { stderr: 'inherit' }, TypeError, 'stderr'],
    ['a relative cwd', { cwd: '.' }, TypeError, 'cwd'],
    ['an input that is a number', { input: 7 }, TypeError, 'input'],
  ])('are refused with %s', async (_, options, kind, names) => {
    const error = await rejection((await open()).run(['true'], options as never))
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toContain(names)
  })

  it('that do not exist are ENOENT, with the name and a remedy', async () => {
    const sandbox = await open()
    for (const name of ['not-there', '/usr/bin/not-there', '/etc/passwd/x']) {
      const error = await rejection(sandbox.run([name]))
      expect(error).toBeInstanceOf(SyscallError)
      expect(error).toMatchObject({ syscall: 'execve', step: 'exec', path: name, code: name.includes('passwd') ? 'ENOTDIR' : 'ENOENT' })
      if (error['code'] === 'ENOENT') expect(error['remedy']).toBeTruthy()
    }
  })

  it('that may not be executed are EACCES, with the name and a remedy', async () => {
    const sandbox = await open()
    await sandbox.run('echo true > /tmp/plain', { reject: true })
    for (const name of ['/tmp/plain', '/etc/passwd', '/etc'])
      expect(await rejection(sandbox.run([name]))).toMatchObject({
        code: 'EACCES',
        syscall: 'execve',
        path: name,
        remedy: expect.any(String),
      })
    expect((await rejection(sandbox.run(['plain'], { env: { PATH: '/tmp' } }))).code).toBe('EACCES')
  })

  it('that are no programs are ENOEXEC, with a remedy', async () => {
    const sandbox = await open()
    await sandbox.run('echo nonsense > /tmp/odd; chmod 755 /tmp/odd', { reject: true })
    expect(await rejection(sandbox.run(['/tmp/odd']))).toMatchObject({ code: 'ENOEXEC', remedy: expect.any(String) })
  })

  it('with an argument of 3 MB are E2BIG, with a remedy', async () => {
    const sandbox = await open()
    expect(await rejection(sandbox.run(['echo', 'x'.repeat(3 * 2 ** 20)]))).toMatchObject({ code: 'E2BIG', remedy: expect.any(String) })
    expect(await rejection(sandbox.run(['true'], { env: { BIG: 'x'.repeat(3 * 2 ** 20) } }))).toMatchObject({ code: 'E2BIG' })
    expect((await sandbox.run(['echo', 'still here'])).stdout).toBe('still here\n')
  })

  it('that failed to start leave no process and no fd behind', async () => {
    const sandbox = await open()
    // Looking a user up starts the file helper, which stays.
    await sandbox.run(['true'], { user: 'root' })
    const [processes, fds] = [descendants(process.pid).length, openFds()]
    for (const command of [['not-there'], ['/etc'], ['echo', 'x'.repeat(200_000)]]) await rejection(sandbox.run(command))
    await rejection(sandbox.run(['true'], { user: 'nosuchuser' }))
    await rejection(sandbox.run(['true'], { cwd: '/not/there', input: 'x' }))
    expect(await eventually(() => descendants(process.pid).length <= processes && openFds() <= fds)).toBe(true)
  })
})

describe('ports', () => {
  it.each([0, -1, 65_536, 1.5, Number.NaN])('refuses port %d', async (port) => {
    const sandbox = await open()
    for (const call of [sandbox.connect(port), sandbox.publish(port)]) {
      const error = await rejection(call)
      expect(error).toBeInstanceOf(RangeError)
      expect(error.message).toContain('port')
    }
    if (port !== 0) expect((await rejection(sandbox.publish(80, { hostPort: port }))).message).toContain('hostPort')
  })
})

describe('fork', () => {
  it.each([0, -1, 1.5, 10_001])('refuses a count of %d', async (count) => {
    expect(await rejection((await open()).fork(count))).toBeInstanceOf(RangeError)
  })
})

describe('a directory as root', () => {
  it('is read-only below, and what is written stays in the sandbox', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'stratabox-root-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'file'), 'x')
    const sandbox = await open({ root: folder })
    expect(await rejection(sandbox.run(['/bin/sh']))).toMatchObject({ code: 'ENOENT', remedy: expect.any(String) })
    expect(await sandbox.fs.readFile('/file', 'utf8')).toBe('x')
  })
})
