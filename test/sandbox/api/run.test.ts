// run: what a command gets (arguments, environment, directory, user) and what its result says.
import { ExitError, Sandbox, SyscallError } from 'stratabox'
import { describe, expect, it } from 'vitest'
import { hasFullMap, open, output, rejection } from './support/open.js'

const lines = (text: string) => text.trimEnd().split('\n')

describe('results', () => {
  it('tells success by exit code 0', async () => {
    const result = await (await open()).run(['true'])
    expect(result).toMatchObject({ command: ['true'], ok: true, exitCode: 0, signal: null, stdout: '', stderr: '' })
    expect(result).toMatchObject({ timedOut: false, oomKilled: false, truncated: false })
    expect(result.durationMs).toBeGreaterThan(0)
    expect(result.usage.cpuUserUs + result.usage.cpuSystemUs).toBeGreaterThan(0)
    expect(result.usage.memoryPeakBytes).toBeGreaterThan(0)
  })

  it.each([1, 3, 127, 255])('returns exit code %i as a result', async (code) => {
    expect(await (await open()).run(`exit ${code}`)).toMatchObject({ ok: false, exitCode: code, signal: null })
  })

  it.each(['SIGTERM', 'SIGKILL', 'SIGSEGV', 'SIGUSR1'])('returns a death by %s as a result', async (signal) => {
    const result = await (await open()).run(`kill -${signal.slice(3)} $$`)
    expect(result).toMatchObject({ ok: false, exitCode: null, signal })
  })

  it('keeps stdout and stderr apart', async () => {
    expect(await (await open()).run('echo out; echo err >&2; echo out2')).toMatchObject({ stdout: 'out\nout2\n', stderr: 'err\n' })
  })

  it('merges stderr into stdout in the order written, when asked', async () => {
    const result = await (await open()).run('for i in 1 2 3 4 5; do echo o$i; echo e$i >&2; done', { stderr: 'merge' })
    expect(result).toMatchObject({ stdout: [1, 2, 3, 4, 5].map((i) => `o${i}\ne${i}\n`).join(''), stderr: '' })
  })

  it('rejects with ExitError, which has the result, when told to', async () => {
    const sandbox = await open()
    const error = await rejection(sandbox.run('echo out; echo why >&2; exit 7', { reject: true }))
    expect(error).toBeInstanceOf(ExitError)
    expect(error).toMatchObject({ code: 'ERR_EXIT', result: { exitCode: 7, stdout: 'out\n', stderr: 'why\n', ok: false } })
    expect(error.message).toContain('7')
    expect(error.message).toContain('why')
    expect(await sandbox.run('true', { reject: true })).toMatchObject({ ok: true })
  })

  it('gives bytes with encoding buffer, and text else', async () => {
    const sandbox = await open()
    const { stdout } = await sandbox.run("printf '\\377\\000\\302'", { encoding: 'buffer' })
    expect(Buffer.isBuffer(stdout)).toBe(true)
    expect([...stdout]).toEqual([0xff, 0, 0xc2])
    expect((await sandbox.run("printf 'gr\\303\\274n'")).stdout).toBe('grün')
  })
})

describe('the program', () => {
  it('is looked up in the PATH inside when its name has no slash', async () => {
    const sandbox = await open()
    await sandbox.run('mkdir /opt2 && printf \'#!/bin/sh\\necho mine "$@"\\n\' > /opt2/tool && chmod 755 /opt2/tool', { reject: true })
    expect((await sandbox.run(['tool', 'a', 'b c'], { env: { PATH: '/nowhere::/opt2' } })).stdout).toBe('mine a b c\n')
    expect((await sandbox.run(['/opt2/tool'])).stdout).toBe('mine\n')
    expect((await rejection(sandbox.run(['tool']))).code).toBe('ENOENT')
  })

  it('gets its arguments as they are', async () => {
    const argv = ['', ' ', '*', '$HOME', '"', "'", '\n', '\\', 'ü', '--', '-e']
    expect((await (await open()).run(['printf', '%s|', ...argv])).stdout).toBe(`${argv.join('|')}|`)
  })

  it('is the shell for a string', async () => {
    const { command, stdout } = await (await open()).run('echo $((6 * 7)) | cat; echo "$0"')
    expect(command).toEqual(['/bin/sh', '-c', 'echo $((6 * 7)) | cat; echo "$0"'])
    expect(stdout).toBe('42\n/bin/sh\n')
  })

  it('cannot be left out where no image names one', async () => {
    expect(await rejection((await open()).run())).toBeInstanceOf(TypeError)
  })

  it('may have a hundred thousand arguments', async () => {
    const argv = Array.from({ length: 100_000 }, (_, k) => `${k % 10}`)
    expect((await (await open()).run(['sh', '-c', 'echo $#', 'sh', ...argv])).stdout).toBe('100000\n')
  })

  it('may have an argument of 100 KB, whole', async () => {
    const long = 'x'.repeat(100_000)
    expect((await (await open()).run(['printf', '%s', long])).stdout).toBe(long)
  })
})

describe('the environment', () => {
  it('is PATH and HOME, and nothing of the caller', async () => {
    process.env['STRATABOX_TEST_LEAK'] = 'leaked'
    const names = lines(await output(await open(), ['env'])).map((line) => line.split('=')[0])
    delete process.env['STRATABOX_TEST_LEAK']
    expect(names.sort()).toEqual(['HOME', 'PATH'])
  })

  it("is the sandbox's under the call's", async () => {
    const sandbox = await open({ env: { A: 'sandbox', B: 'sandbox' } })
    const { stdout } = await sandbox.run('echo $A $B $C', { env: { B: 'call', C: 'call' } })
    expect(stdout).toBe('sandbox call call\n')
  })

  it('leaves out what is undefined', async () => {
    const sandbox = await open({ env: { A: 'sandbox', B: undefined } })
    const { stdout } = await sandbox.run('printenv A || echo unset; printenv B || echo unset', { env: { A: undefined } })
    expect(stdout).toBe('unset\nunset\n')
  })

  it('lets HOME and PATH be replaced and left out', async () => {
    const sandbox = await open()
    expect((await sandbox.run(['/usr/bin/env'], { env: { HOME: '/h', PATH: '/p' } })).stdout.trim().split('\n').sort()).toEqual([
      'HOME=/h',
      'PATH=/p',
    ])
    expect((await sandbox.run(['/usr/bin/env'], { env: { HOME: undefined, PATH: undefined } })).stdout).toBe('')
  })

  it('takes process.env as it is', async () => {
    const { stdout } = await (await open({ env: process.env })).run('echo "$PATH"')
    expect(stdout).toBe(`${process.env['PATH']}\n`)
  })

  it('keeps values byte for byte', async () => {
    const value = 'a=b\nü "\' $x'
    expect((await (await open()).run(['printenv', 'V'], { env: { V: value } })).stdout).toBe(`${value}\n`)
  })
})

describe('the directory', () => {
  it('is / unless something else was asked for', async () => {
    expect(await output(await open(), ['pwd'])).toBe('/')
  })

  it("is the sandbox's, under the call's", async () => {
    const sandbox = await open({ cwd: '/usr' })
    expect(await output(sandbox, ['pwd'])).toBe('/usr')
    expect((await sandbox.run(['pwd'], { cwd: '/etc' })).stdout).toBe('/etc\n')
  })

  it('is an error that names it when it is not there', async () => {
    const error = await rejection((await open()).run(['pwd'], { cwd: '/not/there' }))
    expect(error).toBeInstanceOf(SyscallError)
    expect(error).toMatchObject({ code: 'ENOENT', syscall: 'chdir', path: '/not/there' })
    expect(error['remedy']).toBeTruthy()
  })

  if (hasFullMap)
    it('must be one that the user may enter', async () => {
      const sandbox = await open()
      await sandbox.run('mkdir -m 700 /srv2', { reject: true })
      expect(await rejection(sandbox.run(['pwd'], { cwd: '/srv2', user: '1000:1000' }))).toMatchObject({ code: 'EACCES', syscall: 'chdir' })
    })
})

describe('the user', () => {
  const who = 'echo $(id -u):$(id -g) $HOME'

  it('is root inside, at home in /root', async () => {
    expect(await output(await open(), who)).toBe('0:0 /root')
  })

  it.each([
    ['1000:1001', '1000:1001 /'],
    [{ uid: 1234, gid: 4321 }, '1234:4321 /'],
    ['nobody', /^65534:\d+ \/nonexistent$/],
    ['daemon', /^1:1 \/usr\/sbin$/],
    ['54321', '54321:0 /'],
    ['daemon:1000', '1:1000 /usr/sbin'],
  ] as const)('may be %j', async (user, expected) => {
    const { stdout } = await (await open()).run(who, { user })
    expect(stdout.trim()).toMatch(expected)
  })

  it("is the sandbox's, under the call's", async () => {
    const sandbox = await open({ user: '1000:1000' })
    expect(await output(sandbox, ['id', '-u'])).toBe('1000')
    expect((await sandbox.run(['id', '-u'], { user: { uid: 0, gid: 0 } })).stdout).toBe('0\n')
  })

  it("is looked up in the sandbox's own files", async () => {
    const sandbox = await open()
    await sandbox.run("echo 'app:x:1500:1501::/srv/app:/bin/sh' >> /etc/passwd", { reject: true })
    expect((await sandbox.run(who, { user: 'app' })).stdout).toBe('1500:1501 /srv/app\n')
  })

  if (hasFullMap)
    it('may not write what root inside owns', async () => {
      const sandbox = await open()
      const { ok, stderr } = await sandbox.run('echo x > /etc/motd', { user: '1000:1000' })
      expect(ok).toBe(false)
      expect(stderr).toContain('Permission denied')
    })

  it.each(['nosuchuser', 'root:nosuchgroup'])('is an error that names the option where %j is unknown', async (user) => {
    const error = await rejection((await open()).run(['true'], { user }))
    expect(error.message).toContain(user.split(':').at(-1))
    expect(error.message).toMatch(/user/)
    expect(String(error['code'])).toMatch(/^ERR_UNKNOWN_(USER|GROUP)$/)
    expect(error['remedy']).toBeTruthy()
  })
})

describe('Sandbox.run', () => {
  it('creates, runs and closes', async () => {
    expect(await Sandbox.run('echo $X; pwd', { env: { X: 'x' }, cwd: '/etc' })).toMatchObject({ ok: true, stdout: 'x\n/etc\n' })
  })

  it('takes the options of both', async () => {
    const result = await Sandbox.run(['cat'], {
      hostname: 'h',
      input: 'in',
      encoding: 'utf8',
      timeoutMs: 20_000,
      maxOutputBytes: 1,
      user: '1000:1000',
    })
    expect(result).toMatchObject({ stdout: 'i', truncated: true })
  })

  it('rejects as each of them would', async () => {
    expect(await rejection(Sandbox.run(['not-there']))).toMatchObject({ code: 'ENOENT' })
    expect(await rejection(Sandbox.run('exit 3', { reject: true }))).toMatchObject({ result: { exitCode: 3 } })
    expect(await rejection(Sandbox.run('true', { nonsense: 1 } as never))).toBeInstanceOf(TypeError)
  })
})

describe('many commands at once', () => {
  it('runs 200 in one sandbox, each with its own output', async () => {
    const sandbox = await open()
    const results = await Promise.all(
      Array.from({ length: 200 }, (_, k) => sandbox.run(['sh', '-c', 'echo $1; exit $2', 'sh', `${k}`, `${k % 7}`])),
    )
    expect(results.map(({ stdout, exitCode }) => [stdout, exitCode])).toEqual(results.map((_, k) => [`${k}\n`, k % 7]))
  })

  it('runs 40 in as many sandboxes, with files of their own', async () => {
    const results = await Promise.all(
      Array.from({ length: 40 }, async (_, k) => {
        const sandbox = await open()
        await sandbox.run(`echo ${k} > /etc/number`, { reject: true })
        return output(sandbox, ['cat', '/etc/number'])
      }),
    )
    expect(results).toEqual(results.map((_, k) => `${k}`))
  })
})
