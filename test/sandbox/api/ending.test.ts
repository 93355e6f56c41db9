// How commands end from outside: time-outs, AbortSignals, kill().
import { describe, expect, it } from 'vitest'
import { eventually } from '../../support/descendants.js'
import { open, rejection } from './support/open.js'

const names = 'cat /proc/[0-9]*/comm'

describe('timeoutMs', () => {
  it('ends a command that takes longer, as a result', async () => {
    const result = await (await open()).run('echo before; sleep 60', { timeoutMs: 2000 })
    expect(result).toMatchObject({ ok: false, timedOut: true, signal: 'SIGKILL', exitCode: null, stdout: 'before\n' })
    expect(result.durationMs).toBeGreaterThan(1500)
    expect(result.durationMs).toBeLessThan(30_000)
  })

  it('leaves a faster one alone', async () => {
    expect(await (await open()).run(['true'], { timeoutMs: 30_000 })).toMatchObject({ ok: true, timedOut: false })
  })

  it('kills grandchildren too, in other sessions and with the leader gone', async () => {
    const sandbox = await open()
    await sandbox.run('setsid sleep 71 & (sleep 72 &) & (setsid sh -c "sleep 73 & sleep 74" &) ; sh -c "sleep 75; true"', {
      timeoutMs: 400,
    })
    expect(await eventually(async () => !(await sandbox.run(names)).stdout.includes('sleep'))).toBe(true)
  })

  it('kills what a command started in other sessions though another command runs', async () => {
    const sandbox = await open()
    const other = await sandbox.spawn(['tail', '-f', '/dev/null'])
    await sandbox.run('setsid sh -c "sleep 71; true" & sleep 72', { timeoutMs: 400 })
    expect(await eventually(async () => !(await sandbox.run(names)).stdout.includes('sleep'))).toBe(true)
    expect((await sandbox.run(names)).stdout).toContain('tail')
    other.kill()
  })

  it('holds for a process that forks all the time', async () => {
    const sandbox = await open()
    const { timedOut } = await sandbox.run('f() { sleep 0.01; f & }; f & f & while :; do sleep 0.01; done', { timeoutMs: 300 })
    expect(timedOut).toBe(true)
    expect(await eventually(async () => !(await sandbox.run(names)).stdout.includes('sleep'))).toBe(true)
  })

  it('is in ExitError with reject', async () => {
    const error = await rejection((await open()).run(['sleep', '60'], { timeoutMs: 100, reject: true }))
    expect(error).toMatchObject({ code: 'ERR_EXIT', result: { timedOut: true } })
    expect(error.message).toContain('timed out')
  })

  it('counts for spawn as well', async () => {
    const process = await (await open()).spawn(['sleep', '60'], { timeoutMs: 100 })
    expect(await process.wait()).toMatchObject({ timedOut: true })
  })
})

describe('AbortSignal', () => {
  it('rejects with its reason before anything starts', async () => {
    const sandbox = await open()
    const reason = new Error('changed my mind')
    expect(await rejection(sandbox.run('echo x > /tmp/ran', { signal: AbortSignal.abort(reason) }))).toBe(reason)
    expect(await rejection(sandbox.spawn('echo x > /tmp/ran', { signal: AbortSignal.abort(reason) }))).toBe(reason)
    expect((await sandbox.run(['ls', '/tmp'])).stdout).toBe('')
  })

  it('kills the command and its descendants, and rejects with its reason', async () => {
    const sandbox = await open()
    const controller = new AbortController()
    const running = rejection(sandbox.run('setsid sleep 81 & sleep 82', { signal: controller.signal }))
    await eventually(async () => (await sandbox.run(names)).stdout.includes('sleep'))
    const reason = new Error('enough')
    controller.abort(reason)
    expect(await running).toBe(reason)
    expect(await eventually(async () => !(await sandbox.run(names)).stdout.includes('sleep'))).toBe(true)
  })

  it('does nothing once the call has returned', async () => {
    const sandbox = await open()
    const controller = new AbortController()
    expect(await sandbox.run(['true'], { signal: controller.signal })).toMatchObject({ ok: true })
    controller.abort()
    expect(await sandbox.run(['true'])).toMatchObject({ ok: true })
  })

  it('lives as long as the process for spawn', async () => {
    const controller = new AbortController()
    const process = await (await open()).spawn(['sleep', '60'], { signal: controller.signal })
    const reason = new Error('later')
    controller.abort(reason)
    expect(await rejection(process.wait())).toBe(reason)
  })

  it('holds at any moment of a run, and the sandbox goes on', async () => {
    const sandbox = await open()
    for (let k = 0; k < 30; k++) {
      const reason = new Error(`at ${k}`)
      const controller = new AbortController()
      const running = sandbox.run(['sleep', '60'], { signal: controller.signal })
      const timer = setTimeout(() => controller.abort(reason), k / 5)
      expect(await rejection(running)).toBe(reason)
      clearTimeout(timer)
    }
    expect(await eventually(async () => !(await sandbox.run(names)).stdout.includes('sleep'))).toBe(true)
  })

  it('is a TypeError when it is none', async () => {
    expect(await rejection((await open()).run(['true'], { signal: {} as never }))).toBeInstanceOf(TypeError)
  })
})

describe('kill', () => {
  it('ends every command, and files, changes and new commands go on', async () => {
    const sandbox = await open()
    await sandbox.run('echo kept > /etc/kept', { reject: true })
    const running = [sandbox.run(['sleep', '60']), sandbox.run('setsid sleep 60 & sleep 60')]
    await eventually(async () => (await sandbox.run(names)).stdout.split('\n').filter((name) => name === 'sleep').length >= 3)
    await sandbox.kill()
    for (const result of await Promise.all(running)) expect(result).toMatchObject({ signal: 'SIGKILL', ok: false })
    expect(await sandbox.fs.readFile('/etc/kept', 'utf8')).toBe('kept\n')
    const paths: string[] = []
    for await (const { path } of sandbox.changes()) paths.push(path)
    expect(paths).toEqual(['/etc/kept'])
    await sandbox.fs.writeFile('/etc/more', 'x')
    expect((await sandbox.run(['cat', '/etc/more'])).stdout).toBe('x')
  })

  it('sends another signal when asked', async () => {
    const sandbox = await open()
    const process = await sandbox.spawn("trap 'exit 9' HUP; echo up; while :; do sleep 0.05; done")
    await process.waitForLine('up')
    await sandbox.kill('SIGHUP')
    expect(await process.wait()).toMatchObject({ exitCode: 9 })
    expect(await rejection(sandbox.kill('SIGNONSENSE' as never))).toBeInstanceOf(TypeError)
  })
})

describe('close', () => {
  it('ends the calls under way and rejects later ones with ERR_CLOSED', async () => {
    const sandbox = await open()
    const running = Promise.allSettled([sandbox.run(['sleep', '60']), (await sandbox.spawn(['sleep', '60'])).wait()])
    await sandbox.close()
    await running
    const later = [
      () => sandbox.run(['true']),
      () => sandbox.spawn(['true']),
      () => sandbox.stats(),
      () => sandbox.kill(),
      () => sandbox.pause(),
      () => sandbox.commit(),
      () => sandbox.fork(1),
      () => sandbox.fs.readFile('/etc/passwd'),
      () => sandbox.changes()[Symbol.asyncIterator]().next(),
    ]
    for (const call of later) expect(await rejection(call()), String(call)).toMatchObject({ code: 'ERR_CLOSED' })
  })

  it('may be called twice, and at once', async () => {
    const sandbox = await open()
    await Promise.all([sandbox.close(), sandbox.close()])
    await sandbox.close()
    await sandbox[Symbol.asyncDispose]()
  })

  it('leaves other sandboxes alone', async () => {
    const [one, two] = [await open(), await open()]
    await one.close()
    expect((await two.run(['echo', 'alive'])).stdout).toBe('alive\n')
  })
})

describe('pause and resume', () => {
  it('stops every process where it is, and lets it go on', async () => {
    const sandbox = await open()
    const process = await sandbox.spawn('i=0; while :; do i=$((i+1)); echo $i; sleep 0.02; done')
    await process.waitForLine('3')
    await sandbox.pause()
    await new Promise((resolve) => setTimeout(resolve, 100))
    let count = 0
    process.stdout.on('data', () => count++)
    await new Promise((resolve) => setTimeout(resolve, 100))
    const paused = count
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(count).toBe(paused)
    await sandbox.resume()
    expect(await eventually(() => count > paused)).toBe(true)
    process.kill('SIGKILL')
  })

  it('closes a paused sandbox', async () => {
    const sandbox = await open()
    await sandbox.spawn(['sleep', '60'])
    await sandbox.pause()
    await sandbox.close()
  })
})
