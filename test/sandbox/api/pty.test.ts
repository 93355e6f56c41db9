// Terminals: a command with { pty } has one of the sandbox's own, which is its controlling terminal.
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { type SandboxProcess, SyscallError, UnsupportedError } from 'stratabox'
import { describe, expect, it } from 'vitest'
import { eventually } from '../../support/descendants.js'
import { openFds } from '../../support/residue.js'
import { hasFullMap, open, rejection } from './support/open.js'

const CTRL_C = '\x03'
const CTRL_Z = '\x1a'
const pty = true

/** A shell in a terminal that echoes nothing, so what comes out is what programs wrote. */
async function shell(options: { columns: number; rows: number } | true = true): Promise<SandboxProcess> {
  const started = await (await open()).spawn(['bash', '--norc', '--noprofile', '--noediting', '-i'], { pty: options, env: { PS1: '' } })
  started.stdin.write('stty -echo; echo re""ady\n')
  await started.waitForLine(/^ready$/)
  return started
}

describe('a command with a terminal', () => {
  it('has it as stdin, stdout and stderr, and as its controlling terminal', async () => {
    const { stdout, stderr, ok } = await (await open()).run(
      'tty; test -t 0 && test -t 1 && test -t 2 && echo three; echo err >&2; echo own > /dev/tty',
      {
        pty,
      },
    )
    expect({ stdout, stderr, ok }).toEqual({ stdout: '/dev/pts/0\r\nthree\r\nerr\r\nown\r\n', stderr: '', ok: true })
  })

  it('leads a session of its own', async () => {
    const { stdout } = await (await open()).run(
      'read -r pid _ _ _ pgrp session tty foreground _ < /proc/self/stat; echo $pgrp $session $foreground; echo $$',
      {
        pty,
      },
    )
    const [ids, pid] = stdout.trim().split('\r\n')
    expect(ids).toBe(`${pid} ${pid} ${pid}`)
  })

  it('does not have one without it, nor that of the host', async () => {
    const { stdout, stderr } = await (await open()).run('tty; echo x > /dev/tty')
    expect(stdout).toBe('not a tty\n')
    expect(stderr).toMatch(/No such device or address/)
  })

  it.each([
    ['true', true, '24 80'],
    ['the size that was asked for', { columns: 132, rows: 50 }, '50 132'],
    ['the smallest', { columns: 1, rows: 1 }, '1 1'],
    ['the largest', { columns: 65_535, rows: 65_535 }, '65535 65535'],
  ])('has the size of %s', async (_, size, expected) => {
    expect((await (await open()).run(['stty', 'size'], { pty: size })).stdout).toBe(`${expected}\r\n`)
  })

  it('owns it, whoever it runs as', async () => {
    const sandbox = await open()
    for (const user of ['0:0', '1000:1000', 'nobody'])
      expect((await sandbox.run('test -O "$(tty)" && echo mine > "$(tty)"', { pty, user })).stdout).toBe('mine\r\n')
  })

  // Under a single-id map there is no other user.
  if (hasFullMap)
    it('belongs to no other user', async () => {
      const sandbox = await open()
      const one = await sandbox.spawn('tty; cat', { pty, user: '1000:1000' })
      const tty = await one.waitForLine('/dev/pts')
      expect((await sandbox.run(`cat ${tty}`, { user: '2000:2000' })).stderr).toContain('Permission denied')
      one.kill('SIGKILL')
    })

  it('has TERM, unless it is set otherwise', async () => {
    const sandbox = await open({ env: {} })
    expect((await sandbox.run('echo $TERM', { pty })).stdout).toBe('xterm\r\n')
    expect((await sandbox.run('echo $TERM', { pty, env: { TERM: 'vt100' } })).stdout).toBe('vt100\r\n')
    expect((await sandbox.run('echo [$TERM]')).stdout).toBe('[]\n')
  })

  it('may run without any capability', async () => {
    expect((await (await open({ capabilities: [] })).run(['tty'], { pty })).stdout).toBe('/dev/pts/0\r\n')
  })

  it('says why it could not be started', async () => {
    const sandbox = await open()
    const before = openFds()
    const error = await rejection(sandbox.spawn(['not-there'], { pty }))
    expect(error).toBeInstanceOf(SyscallError)
    expect(error).toMatchObject({ code: 'ENOENT', syscall: 'execve' })
    expect(openFds()).toBe(before)
  })

  it.each([
    [{ columns: 0, rows: 1 }, RangeError],
    [{ columns: 1, rows: 65_536 }, RangeError],
    [{ columns: 80 }, TypeError],
    [{ columns: 80, rows: 24, depth: 1 }, TypeError],
    ['yes', TypeError],
    [null, TypeError],
  ])('is refused a size of %j', async (size, kind) => {
    expect(await rejection((await open()).spawn(['true'], { pty: size as never }))).toBeInstanceOf(kind)
  })

  it('has pipes with pty: false', async () => {
    expect((await (await open()).run('tty', { pty: false })).stdout).toBe('not a tty\n')
  })
})

describe('what is written to a terminal', () => {
  it('arrives whole when the command ends at once', async () => {
    const sandbox = await open()
    for (let k = 0; k < 10; k++) {
      const { stdout } = await sandbox.run('seq 1 20000', { pty })
      expect(stdout.length).toBe(108_894 + 20_000)
      expect(stdout.endsWith('\r\n19999\r\n20000\r\n')).toBe(true)
    }
  })

  it('arrives whole where the reader is slow, and holds the program back meanwhile', async () => {
    const sandbox = await open()
    const started = await sandbox.spawn('seq 1 200000; echo done > /tmp/done', { pty })
    let length = 0
    let isFirst = true
    for await (const chunk of started.stdout) {
      length += (chunk as Buffer).length
      if (!isFirst) continue
      isFirst = false
      await sleep(300)
      expect((await sandbox.run(['cat', '/tmp/done'])).ok).toBe(false)
    }
    expect(length).toBe(1_288_895 + 200_000)
    expect((await started.wait()).ok).toBe(true)
  })

  it('is dropped past maxOutputBytes, and the program runs on', async () => {
    const sandbox = await open()
    const result = await sandbox.run('yes | head -c 5000000; echo done > /tmp/done', { pty, maxOutputBytes: 1000 })
    expect(result).toMatchObject({ ok: true, truncated: true })
    expect(result.stdout.length).toBe(1000)
    expect((await sandbox.run(['cat', '/tmp/done'])).ok).toBe(true)
  })

  it('comes as lines', async () => {
    const lines: string[] = []
    for await (const line of await (await open()).spawn('echo a; echo b >&2; printf c', { pty })) lines.push(line)
    expect(lines).toEqual(['a', 'b', 'c'])
  })

  it('arrives after the program has closed its terminal and opened it again', async () => {
    const script = 'echo one; exec < /dev/null > /dev/null 2>&1; sleep 0.4; exec > /dev/tty; echo two; sleep 0.4; echo three'
    expect(await (await open()).run(script, { pty })).toMatchObject({ ok: true, stdout: 'one\r\ntwo\r\nthree\r\n' })
  })

  it('ends with the command, although a descendant that left the terminal lives on', async () => {
    const { stdout } = await (await open()).run('setsid sleep 50 < /dev/null > /dev/null 2>&1 & echo hi', { pty })
    expect(stdout).toBe('hi\r\n')
  })
})

describe('what is typed', () => {
  it('is echoed, and reaches the program line by line', async () => {
    const started = await (await open()).spawn('while read -r line; do echo "got $line"; done', { pty })
    started.stdin.write('one\ntwo\n')
    await started.waitForLine('got two')
    started.stdin.end()
    expect(await started.wait()).toMatchObject({ ok: true, stdout: 'one\r\ntwo\r\ngot one\r\ngot two\r\n' })
  })

  it.each([
    ['nothing', ''],
    ['a line', 'a\n'],
    ['half a line', 'a'],
  ])('ends with an end of file after %s', async (_, typed) => {
    const { stdout, ok } = await (await open()).run('stty -echo; cat', { pty, input: typed })
    expect(ok).toBe(true)
    expect(stdout.endsWith(typed.replace('\n', '\r\n'))).toBe(true)
  })

  it('is empty for run without an input', async () => {
    const sandbox = await open()
    // Many times: cat closes the terminal just before it ends, and must not be hung up in between.
    for (let k = 0; k < 50; k++) expect(await sandbox.run(['cat'], { pty })).toMatchObject({ ok: true, stdout: '' })
  })

  it('may be bytes of any value in raw mode', async () => {
    const started = await (await open()).spawn('stty raw -echo; echo raw; head -c 256 | od -An -v -tu1 -w256', { pty })
    await started.waitForLine('raw')
    started.stdin.write(Buffer.from(Array.from({ length: 256 }, (_, k) => k)))
    const { stdout } = await started.wait()
    expect(stdout.trim().split(/\s+/).slice(-256)).toEqual(Array.from({ length: 256 }, (_, k) => String(k)))
  })

  it('waits while nobody reads it', async () => {
    const started = await (await open()).spawn('stty raw -echo; echo raw; sleep 100', { pty })
    await started.waitForLine('raw')
    const chunk = Buffer.alloc(65_536)
    let taken = 0
    while (taken < 64 && (started.stdin.write(chunk) || (await Promise.race([once(started.stdin, 'drain'), sleep(300)])))) taken++
    expect(taken).toBeLessThan(64)
    started.kill('SIGKILL')
    expect(await started.wait()).toMatchObject({ signal: 'SIGKILL' })
  })

  it('is no error when the program has ended', async () => {
    const started = await (await open()).spawn(['true'], { pty })
    await started.wait()
    started.stdin.on('error', () => undefined)
    started.stdin.write('late\n')
    started.resize({ columns: 10, rows: 10 })
  })

  it('interrupts with Ctrl-C', async () => {
    const started = await (await open()).spawn("trap 'echo int; exit 7' INT; echo up; while :; do sleep 0.05; done", { pty })
    await started.waitForLine('up')
    started.stdin.write(CTRL_C)
    expect(await started.wait()).toMatchObject({ exitCode: 7, stdout: expect.stringContaining('int') })
    const other = await (await open()).spawn(['sh', '-c', 'echo up; exec sleep 100'], { pty })
    await other.waitForLine('up')
    other.stdin.write(CTRL_C)
    expect(await other.wait()).toMatchObject({ signal: 'SIGINT' })
  })

  it('stops and continues jobs of a shell', async () => {
    const started = await shell()
    started.stdin.write('sleep 100\n')
    await sleep(300)
    started.stdin.write(CTRL_Z)
    await started.waitForLine('Stopped')
    started.stdin.write('bg; jobs; kill %1; wait; echo wa""ited\n')
    await started.waitForLine('Running')
    await started.waitForLine(/^waited$/)
    started.stdin.write('exit 5\n')
    expect(await started.wait()).toMatchObject({ exitCode: 5 })
  })
})

describe('resize', () => {
  it('changes the size, and tells the program in the foreground', async () => {
    const started = await (await open()).spawn("trap 'echo winch $(stty size)' WINCH; echo up; while :; do sleep 0.05; done", { pty })
    await started.waitForLine('up')
    started.resize({ columns: 40, rows: 10 })
    expect(await started.waitForLine('winch')).toBe('winch 10 40')
    started.kill('SIGKILL')
  })

  it('refuses a size that cannot be, and a process without a terminal', async () => {
    const sandbox = await open()
    const started = await sandbox.spawn(['sleep', '100'], { pty })
    for (const size of [
      { columns: 0, rows: 1 },
      { columns: 1, rows: 65_536 },
    ])
      expect(() => started.resize(size)).toThrow(RangeError)
    expect(() => started.resize({} as never)).toThrow(TypeError)
    const piped = await sandbox.spawn(['sleep', '100'])
    expect(() => piped.resize({ columns: 80, rows: 24 })).toThrow(UnsupportedError)
  })
})

describe('the end of a terminal', () => {
  it('hangs up its programs when the process is disposed', async () => {
    const sandbox = await open()
    const started = await sandbox.spawn('sleep 61 & sleep 62', { pty })
    await sleep(100)
    await started[Symbol.asyncDispose]()
    expect(await eventually(async () => !(await sandbox.run('cat /proc/[0-9]*/comm')).stdout.includes('sleep'))).toBe(true)
  })

  it('hangs up what its shell left in the background', async () => {
    const sandbox = await open()
    const started = await sandbox.spawn('trap "echo hup > /tmp/hup; exit" HUP; (while :; do sleep 0.05; done) & exec sleep 0.1', { pty })
    expect((await started.wait()).ok).toBe(true)
    expect(await eventually(async () => !(await sandbox.run('cat /proc/[0-9]*/comm')).stdout.includes('sleep'))).toBe(true)
  })

  it('leaves no descriptor on the host, and no terminal inside', async () => {
    const sandbox = await open()
    await sandbox.run(['true'], { pty })
    const before = openFds()
    for (let k = 0; k < 20; k++) await sandbox.run('echo hi', { pty })
    const many = await Promise.all(Array.from({ length: 20 }, () => sandbox.spawn(['cat'], { pty })))
    await Promise.all(many.map((one) => one[Symbol.asyncDispose]()))
    expect(await eventually(() => openFds() <= before)).toBe(true)
    expect((await sandbox.run('ls /dev/pts')).stdout).toBe('ptmx\n')
  })

  it('comes with the sandbox', async () => {
    const sandbox = await open()
    const started = await sandbox.spawn(['sleep', '100'], { pty })
    const waited = started.wait()
    await sandbox.close()
    expect(await waited).toMatchObject({ ok: false, signal: 'SIGKILL' })
  })
})

describe('terminals of a sandbox', () => {
  it('are many at once, each with its own size and text', async () => {
    const sandbox = await open()
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, k) => sandbox.run(`echo ${k}; stty size`, { pty: { columns: k + 1, rows: k + 2 } })),
    )
    expect(answers.map(({ stdout }) => stdout)).toEqual(Array.from({ length: 30 }, (_, k) => `${k}\r\n${k + 2} ${k + 1}\r\n`))
  })

  it('cannot be typed into by ioctl TIOCSTI, not even by root inside', async () => {
    const sandbox = await open()
    const steal = 'import fcntl, termios; fcntl.ioctl(0, termios.TIOCSTI, b"x")'
    const { stdout } = await sandbox.run(['/usr/bin/python3', '-c', steal], { pty })
    expect(stdout).toMatch(/Operation not permitted|Input\/output error/)
  })

  it('are not without bound: one sandbox cannot take those of all', async () => {
    const sandbox = await open()
    const take = `const fs = require('fs'); let n = 0; try { for (;;) { fs.openSync('/dev/ptmx', 'r+'); n++ } } catch (e) { console.log(n, e.code) }`
    expect((await sandbox.run([process.execPath, '-e', take])).stdout).toBe('256 ENOSPC\n')
    expect((await (await open()).run(['tty'], { pty })).stdout).toBe('/dev/pts/0\r\n')
  })

  it('are not found by root inside under another device', async () => {
    const sandbox = await open()
    await sandbox.run('rm /dev/ptmx; mkfifo /dev/ptmx')
    expect((await sandbox.run(['tty'], { pty })).stdout).toBe('/dev/pts/0\r\n')
  })
})
