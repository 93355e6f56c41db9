// spawn: a command that runs beside its caller, with streams that hold it back only while they are read.
import { once } from 'node:events'
import { ClosedError, SyscallError, TimeoutError } from 'stratabox'
import { describe, expect, it } from 'vitest'
import { eventually } from '../../support/descendants.js'
import { open, rejection } from './support/open.js'

describe('spawn', () => {
  it('resolves when the program runs, with its number inside', async () => {
    const sandbox = await open()
    const process = await sandbox.spawn(['cat'])
    expect(process.pid).toBeGreaterThan(1)
    expect((await sandbox.run(['cat', `/proc/${process.pid}/comm`])).stdout).toBe('cat\n')
    process.stdin.end()
    expect(await process.wait()).toMatchObject({ ok: true })
  })

  it('rejects when the program cannot be started', async () => {
    const error = await rejection((await open()).spawn(['not-there']))
    expect(error).toBeInstanceOf(SyscallError)
    expect(error).toMatchObject({ code: 'ENOENT', syscall: 'execve', path: 'not-there' })
  })

  it('is not a thenable, so an async function can return it', async () => {
    const sandbox = await open()
    const process = await (async () => sandbox.spawn(['cat']))()
    expect(process).not.toHaveProperty('then')
    process.kill()
  })

  it('has an open stdin, and answers come while it is open', async () => {
    const process = await (await open()).spawn(['cat'])
    const answers: string[] = []
    for (const word of ['one', 'two', 'three']) {
      process.stdin.write(`${word}\n`)
      answers.push(await process.waitForLine(word))
    }
    process.stdin.end()
    expect(await process.wait()).toMatchObject({ ok: true, stdout: 'one\ntwo\nthree\n' })
    expect(answers).toEqual(['one', 'two', 'three'])
  })

  it('gives the lines of stdout by for await, the last without its end too', async () => {
    const process = await (await open()).spawn("printf 'a\\r\\nb\\n\\nc'; echo not this >&2")
    const seen: string[] = []
    for await (const line of process) seen.push(line)
    expect(seen).toEqual(['a', 'b', '', 'c'])
  })

  it('neither kills nor blocks the program when a for await is left early', async () => {
    const process = await (await open()).spawn('seq 1 200000; echo end >&2; exit 3')
    for await (const line of process) if (line === '3') break
    expect(await process.wait()).toMatchObject({ exitCode: 3, stderr: 'end\n' })
  })

  it('begins a second for await with the first line', async () => {
    const process = await (await open()).spawn('seq 1 3')
    for await (const line of process) if (line === '1') break
    const seen: string[] = []
    for await (const line of process) seen.push(line)
    expect(seen).toEqual(['1', '2', '3'])
  })

  it('holds a program back while its reader does not read on', async () => {
    const process = await (await open()).spawn('head -c 60000000 /dev/zero; echo done >&2')
    process.stdout.once('data', () => process.stdout.pause())
    await once(process.stdout, 'pause')
    const early = await rejection(process.waitForLine('done', { timeoutMs: 700 }))
    expect(early).toBeInstanceOf(TimeoutError)
    let total = 0
    process.stdout.on('data', (chunk: Buffer) => {
      total += chunk.length
    })
    process.stdout.resume()
    await process.waitForLine('done')
    await process.wait()
    // The first chunk went to the listener that paused.
    expect(total).toBeGreaterThan(59_000_000)
  })

  it('does not hold back a program whose output nobody reads', async () => {
    const process = await (await open()).spawn('head -c 60000000 /dev/zero; echo done >&2')
    expect(await process.waitForLine('done')).toBe('done')
    expect(await process.wait()).toMatchObject({ ok: true, truncated: true })
  })

  it('gives the whole of a large output to a reader, beyond what it keeps', async () => {
    const process = await (await open()).spawn('seq 1 1300000', { maxOutputBytes: 10 })
    let total = 0
    for await (const chunk of process.stdout) total += (chunk as Buffer).length
    expect(total).toBe(9_288_896)
    expect(await process.wait()).toMatchObject({ stdout: '1\n2\n3\n4\n5\n', truncated: true })
  })

  it('can be waited for though a reader has stopped for good', async () => {
    const process = await (await open()).spawn('yes')
    process.stdout.once('data', () => process.stdout.pause())
    await once(process.stdout, 'pause')
    process.kill('SIGKILL')
    expect(await process.wait()).toMatchObject({ signal: 'SIGKILL' })
  })

  it('finds a line that came before it was asked for, on either stream', async () => {
    const process = await (await open()).spawn('echo ready on 80; echo warn >&2; sleep 30')
    expect(await process.waitForLine(/ready on \d+/)).toBe('ready on 80')
    expect(await process.waitForLine('warn')).toBe('warn')
    expect(await process.waitForLine('ready')).toBe('ready on 80')
    process.kill()
  })

  it('tells when no line matches in time, and when none ever will', async () => {
    const process = await (await open()).spawn('echo a; read x')
    const late = await rejection(process.waitForLine('b', { timeoutMs: 50 }))
    expect(late).toBeInstanceOf(TimeoutError)
    expect(late).toMatchObject({ code: 'ERR_TIMEOUT', remedy: expect.stringContaining('timeoutMs') })
    const never = rejection(process.waitForLine('b'))
    process.stdin.end()
    expect(await never).toBeInstanceOf(ClosedError)
  })

  it('takes a signal, and options that make sense, when it waits for a line', async () => {
    const process = await (await open()).spawn('echo one; echo two; read x')
    const reason = new Error('enough')
    const controller = new AbortController()
    const waiting = rejection(process.waitForLine('never', { signal: controller.signal }))
    controller.abort(reason)
    expect(await waiting).toBe(reason)
    expect(await rejection(process.waitForLine('one', { signal: controller.signal }))).toBe(reason)
    // An expression that remembers where it stopped would miss every second line.
    const every = /(one|two)/g
    every.test('one')
    expect([await process.waitForLine(every), await process.waitForLine(/two/y)]).toEqual(['one', 'two'])
    expect(await rejection(process.waitForLine('one', { timeoutMs: 0 }))).toBeInstanceOf(RangeError)
    expect(await rejection(process.waitForLine('one', { timeout: 5 } as never))).toBeInstanceOf(TypeError)
    expect(await rejection(process.waitForLine(5 as never))).toBeInstanceOf(TypeError)
    process.kill('SIGKILL')
  })

  it('kills with the signal that was named, by default SIGTERM, and says whether it could', async () => {
    const sandbox = await open()
    const one = await sandbox.spawn(['sleep', '60'])
    expect(one.kill()).toBe(true)
    expect(await one.wait()).toMatchObject({ signal: 'SIGTERM', exitCode: null, ok: false })
    expect(one.kill()).toBe(false)
    const two = await sandbox.spawn("trap 'echo got; exit 5' USR1; echo ready; while :; do sleep 0.05; done")
    await two.waitForLine('ready')
    two.kill('SIGUSR1')
    expect(await two.wait()).toMatchObject({ exitCode: 5, stdout: 'ready\ngot\n' })
    expect(() => two.kill('SIGNONSENSE' as never)).toThrow(TypeError)
  })

  it('ends the program and its descendants when it is disposed', async () => {
    const sandbox = await open()
    const process = await sandbox.spawn('sleep 61 & setsid sleep 62 & echo up; wait')
    await process.waitForLine('up')
    await process[Symbol.asyncDispose]()
    expect(await eventually(async () => !(await sandbox.run('cat /proc/[0-9]*/comm')).stdout.includes('sleep'))).toBe(true)
    expect(await process.wait()).toMatchObject({ signal: 'SIGKILL' })
  })

  it('leaves no unhandled rejection when nobody waits', async () => {
    const sandbox = await open()
    await sandbox.spawn('exit 1', { reject: true } as never)
    const controller = new AbortController()
    await sandbox.spawn(['sleep', '60'], { signal: controller.signal })
    controller.abort(new Error('nobody hears this'))
    expect((await sandbox.run(['true'])).ok).toBe(true)
  })

  it('gives several waiters the same result', async () => {
    const process = await (await open()).spawn('exit 4')
    const [one, two] = await Promise.all([process.wait(), process.wait()])
    expect([one.exitCode, two.exitCode]).toEqual([4, 4])
    expect(await process.wait()).toMatchObject({ exitCode: 4 })
  })

  it('writes both streams into stdout when merged', async () => {
    const process = await (await open()).spawn('echo a; echo b >&2', { stderr: 'merge' })
    expect(await process.wait()).toMatchObject({ stdout: 'a\nb\n', stderr: '' })
    const rest: unknown[] = []
    for await (const chunk of process.stderr) rest.push(chunk)
    expect(rest).toEqual([])
  })
})
