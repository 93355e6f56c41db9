// Nothing is left behind, in whatever way a program ends: after the signals that cannot be caught no process, mount or namespace at once, and
// nothing at all by the same user's next sandbox.
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { descendants, eventually } from '../support/descendants.js'
import { Program, temporaryHome } from './support/program.js'
import { alive, groups, runtimeDirectories, scratchDirectories, stored, type Traces, tracesOf } from './support/traces.js'

/** Starts the program and waits until it has sandboxes; what they consist of. */
async function started(how: string): Promise<{ program: Program; traces: Traces; home: string }> {
  const home = temporaryHome()
  const program = new Program('hold.mjs', [how], home)
  const { ids } = await program.tells()
  return { program, traces: tracesOf(program.pid, ids, home), home }
}

/** Asks until the list is empty; what is in it in the end. */
async function emptied(list: () => string[]): Promise<string[]> {
  await eventually(() => list().length === 0)
  return list()
}

describe('what a program with sandboxes has on the machine', () => {
  it('is found by these tests, or they would prove nothing', async () => {
    const { program, traces } = await started('wait')
    const names = traces.processes.map(({ name }) => name)
    for (const name of ['stratabox', 'stratabox-init', 'stratabox-files', 'sleep']) expect(names).toContain(name)
    for (const kind of ['user', 'mnt', 'pid', 'uts', 'ipc', 'net', 'cgroup'])
      expect(traces.namespaces.some((link) => link.startsWith(kind))).toBe(true)
    expect(runtimeDirectories(traces)).toHaveLength(1)
    expect(scratchDirectories(traces)).toHaveLength(1)
    expect(alive(traces).length).toBeGreaterThanOrEqual(7)
    if (existsSync('/sys/fs/cgroup/cgroup.procs') || existsSync('/sys/fs/cgroup/unified'))
      expect(groups(traces).length).toBeGreaterThanOrEqual(2)
    // In its own mount namespace only.
    expect(alive(traces).filter((line) => line.includes('overlay'))).toEqual([])
    program.kill('SIGKILL')
    await program.exit
    expect(await emptied(() => alive(traces))).toEqual([])
  })
})

describe('nothing is left', () => {
  it('after close, though the program goes on', async () => {
    const { program, traces } = await started('close')
    expect(await program.tells()).toEqual({ closed: true, pending: { signal: 'SIGKILL' } })
    expect(await program.exit).toEqual({ code: 0, signal: null })
    expect(await emptied(() => [...alive(traces), ...stored(traces)])).toEqual([])
  })

  it.each([
    ['throw', 'an exception that nobody catches', 1],
    ['reject', 'a rejection that nobody handles', 1],
    ['exit', 'process.exit', 7],
  ])('after an end by %s: %s', async (how, _, code) => {
    const { program, traces } = await started(how)
    expect(await program.exit).toEqual({ code, signal: null })
    expect(await emptied(() => [...alive(traces), ...stored(traces)])).toEqual([])
  })

  it('when a program just ends with a sandbox open, which does not keep it running', async () => {
    const home = temporaryHome()
    const program = new Program('idle.mjs', [], home)
    const { ids } = await program.tells()
    const traces = tracesOf(program.pid, ids, home)
    expect(await program.exit).toEqual({ code: 0, signal: null })
    expect(await emptied(() => [...alive(traces), ...stored(traces)])).toEqual([])
  })

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGSEGV'] as const)('after an end by %s', async (signal) => {
    const { program, traces } = await started('wait')
    program.kill(signal)
    expect(await program.exit).toEqual({ code: null, signal })
    expect(await emptied(() => [...alive(traces), ...stored(traces)])).toEqual([])
  })

  it('after SIGKILL of the program, at once and by the next sandbox', async () => {
    const { program, traces, home } = await started('wait')
    program.kill('SIGKILL')
    expect(await program.exit).toEqual({ code: null, signal: 'SIGKILL' })
    expect(await emptied(() => alive(traces))).toEqual([])
    const next = new Program('idle.mjs', [], home)
    await next.exit
    expect(await emptied(() => stored(traces))).toEqual([])
  })

  it('after SIGKILL of the supervisor: calls reject, the next sandbox works, and nothing is left', async () => {
    const { program, traces } = await started('lost')
    const supervisor = traces.processes.find(({ name }) => name === 'stratabox')
    process.kill(supervisor?.pid as number, 'SIGKILL')
    expect(await program.tells()).toEqual({ pending: { name: 'ClosedError', code: 'ERR_SUPERVISOR_DIED', message: expect.any(String) } })
    expect(await emptied(() => alive(traces))).toEqual([])
    program.say('go on')
    expect(await program.tells()).toEqual({ later: { name: 'ClosedError', code: 'ERR_SUPERVISOR_DIED' } })
    expect(await program.tells()).toEqual({ next: 'alive\n' })
    expect(await emptied(() => groups(traces))).toEqual([])
    expect(await emptied(() => runtimeDirectories(traces))).toEqual([])
    expect(await emptied(() => scratchDirectories(traces))).toEqual([])
    expect(await program.tells()).toEqual({ closed: true })
    program.say('end')
    expect(await program.exit).toEqual({ code: 0, signal: null })
  })

  it('after SIGKILL of the supervisor and of the program, by the next sandbox', async () => {
    const { program, traces, home } = await started('wait')
    process.kill(traces.processes.find(({ name }) => name === 'stratabox')?.pid as number, 'SIGKILL')
    program.kill('SIGKILL')
    await program.exit
    expect(await emptied(() => alive(traces))).toEqual([])
    const next = new Program('hold.mjs', ['close'], home)
    await next.exit
    expect(await emptied(() => stored(traces))).toEqual([])
  })

  it('after SIGKILL of a sandbox PID 1, once it is closed', async () => {
    const { program, traces } = await started('wait')
    const inits = descendants(program.pid).filter(({ name }) => name === 'stratabox-init')
    expect(inits).toHaveLength(2)
    for (const { pid } of inits) process.kill(pid, 'SIGKILL')
    expect(await program.exit).toEqual({ code: 0, signal: null })
    expect(await emptied(() => [...alive(traces), ...stored(traces)])).toEqual([])
  })
})
