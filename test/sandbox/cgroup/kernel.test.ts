// Plans carried out on the machine's own hierarchies, in groups made for the purpose and removed again.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, type TestContext } from 'vitest'
import {
  type CgroupHost,
  type CgroupLimits,
  type CgroupPlan,
  detectCgroups,
  nodeCgroupFs,
  oomKillCount,
  planCgroups,
  prepareCgroups,
  readStats,
  sweepDirectories,
} from '../../../src/sandbox/linux/cgroup/index.js'

const MIB = 2 ** 20

const detectHere = (): CgroupHost =>
  detectCgroups({ procSelfCgroup: readFileSync('/proc/self/cgroup', 'utf8'), mountinfo: readFileSync('/proc/self/mountinfo', 'utf8') })

// The dead leave a group a moment after they are reaped.
async function remove(directory: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      nodeCgroupFs.rmdir(directory)
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY' || attempt > 100) throw error
      await sleep(20)
    }
  }
}

/** Runs a shell script in the groups of a plan, from before its first command; `during` sees it running. */
async function inGroups(
  ctx: TestContext,
  limits: CgroupLimits,
  script: string,
  check: (of: { plan: CgroupPlan; child: ChildProcess; output: () => string; exited: Promise<unknown[]> }) => Promise<void>,
): Promise<void> {
  if (process.platform !== 'linux') return ctx.skip('not Linux')
  const host = prepareCgroups(limits, detectHere())
  const plan = planCgroups(limits, host, `test-${randomBytes(6).toString('hex')}`)
  const refused = Object.entries(plan.isolation).find(([, entry]) => entry.status === 'refused')
  if (refused !== undefined) return ctx.skip(`${refused[0]}: ${refused[1].why}`)
  let child: ChildProcess | undefined
  try {
    for (const group of plan.groups) nodeCgroupFs.mkdir(group.directory)
    for (const { path, text } of plan.writes) nodeCgroupFs.writeFile(path, text)
    child = spawn('/bin/sh', ['-c', `read go; ${script}`], { stdio: ['pipe', 'pipe', 'pipe'] })
    const exited = once(child, 'exit')
    let text = ''
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes: Buffer) => (text += bytes.toString()))
    const procs = plan.unifiedDirectory === undefined ? plan.tasksFiles : [...plan.tasksFiles, `${plan.unifiedDirectory}/cgroup.procs`]
    for (const path of procs) nodeCgroupFs.writeFile(path, String(child.pid))
    child.stdin?.end('go\n')
    await check({ plan, child, output: () => text, exited })
  } finally {
    child?.kill('SIGKILL')
    if (plan.unifiedDirectory !== undefined) nodeCgroupFs.writeFile(`${plan.unifiedDirectory}/cgroup.kill`, '1')
    for (const directory of sweepDirectories(plan)) await remove(directory)
  }
  expect(sweepDirectories(plan)).toEqual([])
}

describe('limits in the real kernel', () => {
  it('stops fork at pidsMax plus the one for PID 1', async (ctx) => {
    // The shell stands for PID 1; five sleeps fit, the sixth does not.
    const script = 'for i in 1 2 3 4 5 6; do sleep 30 & done; echo unreachable'
    await inGroups(ctx, { pidsMax: 5 }, script, async ({ plan, output, exited }) => {
      const [code] = await exited
      expect(code).not.toBe(0)
      expect(output()).toMatch(/fork|resource/i)
      expect(output()).not.toContain('unreachable')
      expect(readStats(plan).pids).toBeLessThanOrEqual(5)
    })
  })

  it('kills what exceeds memoryMaxBytes and counts it; what stays below lives', async (ctx) => {
    const allocate = (bytes: number) => `exec ${process.execPath} -e "Buffer.alloc(${bytes}, 1); console.log('done')"`
    const limits = { memoryMaxBytes: 160 * MIB }
    await inGroups(ctx, limits, allocate(8 * MIB), async ({ plan, output, exited }) => {
      expect(await exited).toEqual([0, null])
      expect(output()).toBe('done\n')
      expect(oomKillCount(plan)).toBe(0)
      expect(readStats(plan).memoryPeakBytes).toBeGreaterThan(8 * MIB)
    })
    await inGroups(ctx, limits, allocate(400 * MIB), async ({ plan, output, exited }) => {
      expect(await exited).toEqual([null, 'SIGKILL'])
      expect(output()).toBe('')
      expect(oomKillCount(plan)).toBe(1)
    })
  })

  it('holds cpusMax, and counts the time used', async (ctx) => {
    await inGroups(ctx, { cpusMax: 0.2, cpuWeight: 10 }, 'while :; do :; done', async ({ plan, child }) => {
      const used = () => {
        // After the name: state is field 3, utime 14, stime 15 (proc_pid_stat(5)).
        const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8')
          .replace(/^.*\) /, '')
          .split(' ')
        const [user, system] = fields.slice(14 - 3)
        return (Number(user) + Number(system)) / 100
      }
      const before = used()
      await sleep(1500)
      const cores = (used() - before) / 1.5
      expect(cores).toBeLessThan(0.3)
      expect(cores).toBeGreaterThan(0)
      const { cpuUsageUs } = readStats(plan)
      if (cpuUsageUs !== undefined) expect(cpuUsageUs).toBeGreaterThan(0)
    })
  })

  it('freezes and thaws by the plan', async (ctx) => {
    await inGroups(ctx, {}, 'while :; do echo x; sleep 0.01; done', async ({ plan, output, exited, child }) => {
      if (plan.freezer === undefined) return ctx.skip('no freezer and no v2 group')
      const { path, frozen, thawed } = plan.freezer
      while (output() === '') await sleep(10)
      nodeCgroupFs.writeFile(path, frozen)
      await sleep(100)
      const still = output().length
      await sleep(200)
      expect(output().length).toBe(still)
      nodeCgroupFs.writeFile(path, thawed)
      await sleep(200)
      expect(output().length).toBeGreaterThan(still)
      child.kill('SIGKILL')
      await exited
    })
  })
})

describe('detectCgroups here', () => {
  it('leaves no group behind and finds the same twice', (ctx) => {
    if (process.platform !== 'linux') return ctx.skip('not Linux')
    const first = detectHere()
    expect(detectHere()).toEqual(first)
    for (const { directory } of first.hierarchies) {
      expect(nodeCgroupFs.readdir(directory).filter(({ name }) => name.startsWith(`stratabox-try-${process.pid}-`))).toEqual([])
    }
  })
})
