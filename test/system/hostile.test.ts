// Programs that try to take the host down with them: each meets its bound, its result says so, the sandbox and the host process go on, and nothing is left.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Sandbox } from 'stratabox'
import { afterAll, describe, expect, it, onTestFinished, type TestContext } from 'vitest'
import { blanksGone, descendants, eventually } from '../support/descendants.js'
import { groupsOf } from './support/groups.js'
import { Program, temporaryHome } from './support/program.js'

/** A timer of the host process may be late by this much, or, on a machine that is busy with other things, by some times what an ordinary busy process costs it. */
const LATE_MAX_MS = 100
const LATE_MAX_FACTOR = 3
const ATTEMPTS = 4
const OURS = ['stratabox', 'stratabox-files']

const folder = mkdtempSync(join(tmpdir(), 'stratabox-hostile-'))
afterAll(() => rmSync(folder, { recursive: true }))
const compiled = (() => {
  let path: string | undefined
  return () => {
    if (path !== undefined) return path
    path = join(folder, 'hostile')
    execFileSync('cc', ['-O2', '-static', '-o', path, fileURLToPath(new URL('fixtures/hostile.c', import.meta.url))])
    return path
  }
})()

async function requiresLimits(ctx: TestContext): Promise<void> {
  const report = await Sandbox.probe()
  if (['memoryMaxBytes', 'pidsMax', 'cpusMax'].some((limit) => report[limit]?.status !== 'enforced'))
    ctx.skip('no control group with memory, pids and cpu controllers was delegated to this user')
}

/** Runs an attack in a program of its own until one attempt leaves the loop responsive: a machine can be slow for a moment, a sandbox's fault would stay. */
async function attack(ctx: TestContext, name: string): Promise<Record<string, unknown>> {
  await requiresLimits(ctx)
  const program = new Program('hostile.mjs', [compiled()], temporaryHome())
  onTestFinished(() => program.kill('SIGKILL'))
  const late: unknown[] = []
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    program.say(name)
    const told = await program.tells()
    const { lateMs, controlMs, fdsLeft } = told as Record<string, number>
    // The first attempt starts the file helper, which stays.
    expect(fdsLeft).toBeLessThanOrEqual(attempt === 0 ? 1 : 0)
    expect(await eventually(() => descendants(program.pid).every((one) => OURS.includes(one.name)))).toBe(true)
    expect(await blanksGone(program.pid)).toBe(true)
    expect(groupsOf(program.pid)).toEqual([])
    if ((lateMs as number) <= Math.max(LATE_MAX_MS, LATE_MAX_FACTOR * (controlMs as number))) return told
    late.push([lateMs, controlMs])
  }
  throw new Error(`a timer was late in every attempt, [attack, control] in ms: ${JSON.stringify(late)}`)
}

const KILLED = { ok: false, exitCode: null, signal: 'SIGKILL', after: 'still here' }
const ENDED = { ok: true, exitCode: 0, signal: null, timedOut: false, after: 'still here' }

describe('the host stays responsive, the sandbox usable and the result right', () => {
  const cases: readonly (readonly [name: string, what: string, result: Record<string, unknown>])[] = [
    ['fork-bomb', 'a fork bomb, to the last of its processes', { ...KILLED, timedOut: true, witnessed: true }],
    ['memory-hog', 'a program that takes all memory', { ...KILLED, oomKilled: true, timedOut: false }],
    ['disk-filler', 'one that fills the disk', { ...ENDED, witnessed: true }],
    ['fd-hog', 'one that opens all it can', { ...ENDED, witnessed: true }],
    [
      'log-flood',
      'one that writes 10 GB to a stdout that nobody reads, as far as it gets in 3 s',
      { after: 'still here', truncated: true, outputBytes: 2 ** 20 },
    ],
    ['ignores-term', 'one that ignores every signal it can', { ...KILLED, timedOut: true, outputBytes: 6, witnessed: true }],
    ['kills-others', "one that kills all of PID 1's children and PID 1", { ...ENDED, witnessed: false }],
    ['stops-itself', 'one that stops itself', { ...KILLED, timedOut: true, witnessed: true }],
    ['orphans', 'one that leaves a daemon behind', { ...ENDED, witnessed: true }],
  ]
  for (const [name, what, result] of cases)
    it(`under ${what}`, async (ctx) => {
      expect(await attack(ctx, name)).toMatchObject(result)
    })
})
