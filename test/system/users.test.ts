// Programs of one user at the same time, and of a user to whom nobody gave a control group.
import { spawnSync } from 'node:child_process'
import { chownSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { eventually, isRunning } from '../support/descendants.js'
import { Program, temporaryHome } from './support/program.js'
import { alive, runtimeDirectories, stored, tracesOf } from './support/traces.js'

const NOBODY = 65534
const isRoot = process.getuid?.() === 0
const dist = fileURLToPath(new URL('../../dist/index.js', import.meta.url))
const canRun = (command: string, args: string[]) => spawnSync(command, args, { uid: NOBODY, gid: NOBODY }).status === 0

describe('two programs of one user at once', () => {
  it('have nothing in common, and one outlives the other', async () => {
    const home = temporaryHome()
    const programs = [new Program('hold.mjs', ['wait'], home), new Program('hold.mjs', ['wait'], home)] as const
    const traces = []
    for (const program of programs) traces.push(tracesOf(program.pid, (await program.tells())['ids'], home))
    const [first, second] = traces as [(typeof traces)[0], (typeof traces)[0]]
    expect(runtimeDirectories(first)).not.toEqual(runtimeDirectories(second))
    expect(first.namespaces.filter((link) => second.namespaces.includes(link))).toEqual([])
    const uidOf = ({ processes }: typeof first) => {
      const sleeper = processes.find(({ name }) => name === 'sleep')
      return /^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${sleeper?.pid}/status`, 'utf8'))?.[1]
    }
    if (isRoot) expect(uidOf(first)).not.toBe(uidOf(second))

    programs[0].kill('SIGKILL')
    await programs[0].exit
    expect(await eventually(() => !first.processes.some(isRunning))).toBe(true)
    const next = new Program('hold.mjs', ['close'], home)
    await next.exit
    expect(runtimeDirectories(first)).toEqual([])
    // The sweep of what the dead one left has not touched the living.
    expect(second.processes.filter((one) => !isRunning(one))).toEqual([])
    expect(runtimeDirectories(second)).toHaveLength(1)
    programs[1].kill('SIGTERM')
    await programs[1].exit
    expect(await eventually(() => [...alive(second), ...stored(second)].length === 0)).toBe(true)
  })
})

// Only root can become somebody else, and that user must find node and the build.
if (isRoot && canRun('test', ['-r', dist]) && canRun(process.execPath, ['--version']))
  describe('an ordinary user without a delegated control group', () => {
    it('is refused limits, with the option and the remedy named, and gets limits of single processes on request', async () => {
      const home = temporaryHome()
      for (const path of [home, join(home, 'data'), join(home, 'run')]) chownSync(path, NOBODY, NOBODY)
      const program = new Program('undelegated.mjs', [], home, NOBODY)
      const refused = await program.tells()
      expect(refused).toMatchObject({ name: 'UnsupportedError', code: 'ERR_UNSUPPORTED' })
      expect(refused['message']).toContain('limits.memoryMaxBytes')
      expect(refused['remedy']).toContain("onUnenforceable: 'degrade'")
      expect(await program.tells()).toMatchObject({
        stdout: '0\n',
        isolation: {
          memoryMaxBytes: {
            status: 'degraded',
            how: expect.stringMatching(/^RLIMIT_DATA/),
            why: expect.any(String),
            remedy: expect.any(String),
          },
          pidsMax: { status: 'degraded', how: expect.stringMatching(/^RLIMIT_NPROC/) },
          cpusMax: { status: 'degraded', how: 'not enforced' },
        },
      })
      expect((await program.tells())['hog']).toMatch(/memory exhausted|cannot allocate/i)
      expect(await program.tells()).toEqual({ fits: '8000000\n' })
      expect((await program.tells())['bomb']).toMatch(/fork/i)
      expect(await program.tells()).toEqual({ few: 'all\n' })
      expect(await program.exit).toEqual({ code: 0, signal: null })
    })
  })
