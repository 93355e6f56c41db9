import { describe, expect, it } from 'vitest'
import { type CgroupPlan, findGroups, oomKillCount, readStats, sweepDirectories } from '../../../src/sandbox/linux/cgroup/index.js'
import { FakeCgroups } from './tree.js'

const planOf = (groups: CgroupPlan['groups'], unifiedDirectory?: string): CgroupPlan => ({
  groups,
  writes: [],
  tasksFiles: [],
  isolation: {},
  ...(unifiedDirectory === undefined ? {} : { unifiedDirectory }),
})

describe('readStats', () => {
  it('reads everything from one v2 group', () => {
    using tree = new FakeCgroups().mount('/cg', 2, ['memory', 'pids', 'io']).group('/cg/g', { pass: ['memory', 'pids', 'io'] })
    tree
      .write('/cg/g/cpu.stat', 'usage_usec 1234\nuser_usec 1000\nsystem_usec 234\n')
      .write('/cg/g/memory.current', '4096\n')
      .write('/cg/g/memory.peak', '8192\n')
      .write('/cg/g/pids.current', '3\n')
      .write('/cg/g/io.stat', '8:0 rbytes=10 wbytes=20 rios=1 wios=1 dbytes=0 dios=0\n8:16 rbytes=5 wbytes=7 rios=1 wios=1\n')
      .write('/cg/g/memory.events', 'low 0\nhigh 0\nmax 7\noom 2\noom_kill 2\noom_group_kill 1\n')
    const directory = `${tree.root}/cg/g`
    const plan = planOf([{ controller: 'memory,pids,io', version: 2, directory }], directory)
    expect(readStats(plan)).toEqual({
      cpuUsageUs: 1234,
      memoryBytes: 4096,
      memoryPeakBytes: 8192,
      pids: 2,
      ioReadBytes: 15,
      ioWriteBytes: 27,
    })
    expect(oomKillCount(plan)).toBe(2)
  })
  it('reads v1 groups, and processor time and tasks from the v2 group beside them', () => {
    using tree = new FakeCgroups().mount('/m', 1, ['memory']).mount('/b', 1, ['blkio']).mount('/u', 2, [])
    tree.group('/m/g').group('/b/g').group('/u/g')
    tree
      .write('/m/g/memory.usage_in_bytes', '4096\n')
      .write('/m/g/memory.max_usage_in_bytes', '5000\n')
      .write('/m/g/memory.oom_control', 'oom_kill_disable 0\nunder_oom 0\noom_kill 3\n')
      .write('/b/g/blkio.throttle.io_service_bytes', '8:0 Read 100\n8:0 Write 200\n8:0 Sync 300\n8:0 Total 300\n8:16 Read 1\nTotal 301\n')
      .write('/u/g/cpu.stat', 'usage_usec 77\n')
      .write('/u/g/cgroup.threads', '11\n12\n13\n')
    const groups = (['memory', 'blkio', 'unified'] as const).map((controller) => ({
      controller,
      version: controller === 'unified' ? (2 as const) : (1 as const),
      directory: `${tree.root}/${controller[0]}/g`,
    }))
    const plan = planOf(groups, `${tree.root}/u/g`)
    expect(readStats(plan)).toEqual({
      cpuUsageUs: 77,
      memoryBytes: 4096,
      memoryPeakBytes: 5000,
      pids: 2,
      ioReadBytes: 101,
      ioWriteBytes: 200,
    })
    expect(oomKillCount(plan)).toBe(3)
  })
  it('reads time from cpuacct where that is one hierarchy with cpu', () => {
    using tree = new FakeCgroups().mount('/c', 1, ['cpu', 'cpuacct']).group('/c/g')
    tree.write('/c/g/cpuacct.usage', '1234567\n')
    expect(readStats(planOf([{ controller: 'cpu', version: 1, directory: `${tree.root}/c/g` }])).cpuUsageUs).toBe(1234)
  })
  it('leaves out what nothing counts and groups that are gone', () => {
    const nothing = {
      cpuUsageUs: undefined,
      memoryBytes: undefined,
      memoryPeakBytes: undefined,
      pids: undefined,
      ioReadBytes: undefined,
      ioWriteBytes: undefined,
    }
    const gone = planOf([{ controller: 'memory,pids', version: 2, directory: '/nonexistent/g' }], '/nonexistent/g')
    for (const plan of [planOf([]), gone]) {
      expect(readStats(plan)).toEqual(nothing)
      expect(oomKillCount(plan)).toBe(0)
    }
  })
})

describe('sweeping', () => {
  it('lists groups beneath first, and leaves out what is gone', () => {
    using tree = new FakeCgroups().mount('/cg', 2, []).group('/cg/g/a/b').group('/cg/g/c')
    const plan = planOf([
      { controller: 'unified', version: 2, directory: `${tree.root}/cg/g` },
      { controller: 'pids', version: 1, directory: `${tree.root}/gone` },
    ])
    const listed = sweepDirectories(plan)
    expect([...listed].sort()).toEqual(['/cg/g', '/cg/g/a', '/cg/g/a/b', '/cg/g/c'].map((path) => tree.root + path))
    for (const directory of listed) tree.fs.rmdir(directory)
    expect(sweepDirectories(plan)).toEqual([])
  })
  it('finds groups by sandbox, and never the leaf of its own processes or a probe under way', () => {
    using tree = new FakeCgroups().mount('/cg', 2, []).mount('/p', 1, ['pids'])
    for (const group of [
      '/cg/stratabox-a/sub',
      '/cg/stratabox-self',
      '/cg/stratabox-try-1-ab',
      '/cg/other',
      '/p/stratabox-a',
      '/p/stratabox-b',
    ])
      tree.group(group)
    const at = (directory: string) => ({
      version: 2 as const,
      controllers: [],
      available: [],
      mountPoint: '',
      directory: tree.root + directory,
      childFiles: new Set<string>(),
    })
    const found = findGroups({ layout: 'hybrid', hierarchies: [at('/cg'), at('/p')] })
    expect(Object.fromEntries([...found].map(([id, paths]) => [id, paths.map((path) => path.slice(tree.root.length))]))).toEqual({
      a: ['/cg/stratabox-a/sub', '/cg/stratabox-a', '/p/stratabox-a'],
      b: ['/p/stratabox-b'],
    })
  })
})
