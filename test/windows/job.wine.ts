// Job objects: processes that start, end and are told of together.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { describe, it } from 'node:test'
import { ClosedError, SyscallError, UnsupportedError } from '../../src/core/index.js'
import { JobObject } from '../../src/windows/index.js'
import { HELPER, isAlive, until, wine } from './support.js'

describe('a job object', () => {
  it('starts a program in itself, with stdio and an exit code', async () => {
    await using job = JobObject.create()
    const echo = await job.spawn([HELPER, 'echo'])
    assert.equal(job.pids().includes(echo.pid), true)
    echo.stdin.end('through the pipe')
    const result = await echo.wait()
    assert.equal(result.stdout, 'through the pipe')
    assert.equal(result.exitCode, 0)
    const failed = await (await job.spawn([HELPER, 'exit', '4294967295'])).wait()
    assert.equal(failed.exitCode, 0xffffffff)
    assert.equal(failed.ok, false)
  })

  it('keeps stdout and stderr apart, or merges them', async () => {
    await using job = JobObject.create()
    const apart = await (await job.spawn([HELPER, 'both'])).wait()
    assert.deepEqual([apart.stdout, apart.stderr], ['out', 'err'])
    const merged = await (await job.spawn([HELPER, 'both'], { stderr: 'merge' })).wait()
    assert.equal([...merged.stdout].sort().join(''), [...'outerr'].sort().join(''))
  })

  it('moves megabytes both ways', async () => {
    await using job = JobObject.create()
    const big = 'x'.repeat(2 ** 20)
    const echo = await job.spawn([HELPER, 'echo'])
    echo.stdin.end(big)
    assert.equal((await echo.wait()).stdout.length, big.length)
  })

  it('ends everything in it when it is closed, grandchildren too', async () => {
    const job = JobObject.create()
    const tree = await job.spawn([HELPER, 'tree'])
    const [child, grandchild] = (await tree.waitForLine(/^\d+ \d+/)).split(' ').map(Number) as [number, number]
    // Under Wine a console's own process is in the job as well.
    for (const pid of [child, grandchild]) assert.equal(job.pids().includes(pid), true)
    assert.equal(job.stats().activeProcesses, job.pids().length)
    job.close()
    job.close()
    await until(() => !isAlive(child) && !isAlive(grandchild), 'both have ended')
    assert.throws(() => job.pids(), ClosedError)
  })

  it('leaves them alone where killOnClose is false', async () => {
    const job = JobObject.create({ killOnClose: false })
    const child = await job.spawn([HELPER, 'sleep', '60000'])
    job.close()
    await new Promise((resolve) => setTimeout(resolve, 200))
    assert.equal(isAlive(child.pid), true)
    child.kill('SIGKILL')
    assert.equal((await child.wait()).signal, 'SIGKILL')
  })

  it('terminates with an exit code', async () => {
    await using job = JobObject.create()
    const child = await job.spawn([HELPER, 'sleep', '60000'])
    job.terminate(42)
    assert.equal((await child.wait()).exitCode, 42)
  })

  it('tells of processes that start and end, and of the last one', async () => {
    await using job = JobObject.create()
    const told: string[] = []
    job.on('start', ({ pid }) => told.push(`start ${pid}`))
    job.on('exit', ({ pid }) => told.push(`exit ${pid}`))
    let isEmpty = false
    job.on('empty', () => {
      isEmpty = true
    })
    const child = await job.spawn([HELPER, 'exit', '0'])
    await child.wait()
    await until(() => isEmpty, 'the job is empty')
    assert.deepEqual(
      told.filter((line) => line.endsWith(` ${child.pid}`)),
      [`start ${child.pid}`, `exit ${child.pid}`],
    )
    assert.deepEqual(job.pids(), [])
  })

  it('takes a running process', async () => {
    await using job = JobObject.create()
    const child = spawn(HELPER, ['sleep', '60000'], { stdio: 'ignore' })
    job.assign(child.pid!)
    assert.deepEqual(job.pids(), [child.pid])
    const exit = new Promise((resolve) => child.once('exit', resolve))
    job.terminate(7)
    assert.equal(await exit, 7)
    assert.throws(() => job.assign(4), SyscallError)
  })

  it('nests: what is in the inner one ends with the outer', async () => {
    await using outer = JobObject.create()
    await using inner = JobObject.create()
    const child = await outer.spawn([HELPER, 'sleep', '60000'])
    inner.assign(child.pid)
    assert.deepEqual(inner.pids(), [child.pid])
    outer.terminate(5)
    assert.equal((await child.wait()).exitCode, 5)
  })

  it('lets nobody out unless it is told to', async () => {
    const breakaway = String(0x01000000)
    await using closed = JobObject.create()
    const refused = await (await closed.spawn([HELPER, 'tree', breakaway])).wait()
    assert.deepEqual([refused.stdout.trim(), refused.exitCode], ['error 5', 3])
  })

  it('stops every process, and lets them go on', async () => {
    await using job = JobObject.create()
    const child = await job.spawn([HELPER, 'sleep', '300'])
    job.freeze(true)
    const first = await Promise.race([child.wait(), new Promise((resolve) => setTimeout(() => resolve('frozen'), 1500))])
    assert.equal(first, 'frozen')
    job.freeze(false)
    assert.equal((await child.wait()).exitCode, 0)
  })

  it('has a name that nobody else may take', () => {
    const name = `stratabox-test-${process.pid}`
    const job = JobObject.create({ name })
    assert.throws(() => JobObject.create({ name }), { code: 'EEXIST' })
    job.close()
    JobObject.create({ name }).close()
  })

  it('kills a command with all that descends from it when its time is over', async () => {
    await using job = JobObject.create()
    const tree = await job.spawn([HELPER, 'tree'], { timeoutMs: 1000 })
    const [, grandchild] = (await tree.waitForLine(/^\d+ \d+/)).split(' ').map(Number) as [number, number]
    const result = await tree.wait()
    assert.deepEqual([result.timedOut, result.signal, result.ok], [true, 'SIGKILL', false])
    await until(() => !isAlive(grandchild), 'the grandchild has ended')
  })

  it('refuses what cannot be started by its errno, and misuse by its name', async () => {
    await using job = JobObject.create()
    await assert.rejects(job.spawn(['no-such-program.exe']), (error: SyscallError) => {
      assert.equal(error instanceof SyscallError, true)
      assert.deepEqual([error.code, error.syscall], ['ENOENT', 'CreateProcess'])
      return true
    })
    await assert.rejects(job.spawn([HELPER, 'exit', '0'], { cwd: 'C:\\no such place' }), SyscallError)
    await assert.rejects(job.spawn([HELPER, 'a\0b']), TypeError)
    assert.throws(() => JobObject.create({ kill: true } as never), /unknown option 'kill'/)
    assert.throws(() => JobObject.create({ limits: { pidsMax: 0 } }), RangeError)
    assert.throws(() => JobObject.create({ limits: { cpusMax: 1, cpuWeight: 5 } }), TypeError)
  })

  it('says which limits this system does not keep', { skip: wine === undefined && 'only Wine takes limits and keeps none' }, () => {
    const limits = { memoryMaxBytes: 2 ** 26, pidsMax: 4, cpusMax: 0.5, affinityMask: 1n, cpuTimeMaxMs: 1000 }
    assert.throws(() => JobObject.create({ limits }), UnsupportedError)
    assert.throws(() => JobObject.create({ limits: { pidsMax: 4 } }), /limits.pidsMax cannot be enforced here: Wine/)
    const job = JobObject.create({ limits, onUnenforceable: 'degrade' })
    assert.deepEqual([...job.notEnforced].sort(), Object.keys(limits).sort())
    job.close()
  })
})
