import { describe, expect, it } from 'vitest'
import { type CgroupHost, type CgroupLimits, detectCgroups, planCgroups, prepareCgroups } from '../../../src/sandbox/linux/cgroup/index.js'
import { FakeCgroups, mountLine } from './tree.js'

const MIB = 2 ** 20
const all: CgroupLimits = {
  memoryMaxBytes: 64 * MIB,
  cpusMax: 0.5,
  cpuWeight: 50,
  pidsMax: 9,
  ioMax: [{ device: '8:0', readBytesPerSecondMax: 1000, writeOpsPerSecondMax: 5 }],
}

function v1(controllers: readonly string[] = ['memory', 'cpu', 'cpuacct', 'pids', 'blkio', 'freezer']) {
  const tree = new FakeCgroups()
  for (const name of controllers) tree.mount(`/cg/${name}`, 1, [name])
  const mountinfo = controllers.map((name, index) => mountLine(30 + index, '/', `/cg/${name}`, 'cgroup', `rw,${name}`)).join('')
  const procSelfCgroup = controllers.map((name, index) => `${index + 1}:${name}:/\n`).join('')
  return { tree, mountinfo, procSelfCgroup }
}

function v2(options: { path?: string; controllers?: readonly string[]; pass?: readonly string[]; pids?: readonly number[] } = {}) {
  const { path = '/mine', controllers = ['cpu', 'io', 'memory', 'pids'], pass = controllers, pids = [100] } = options
  const tree = new FakeCgroups().mount('/cg', 2, controllers)
  if (path !== '/') tree.group(`/cg${path}`, { pids, pass })
  return { tree, mountinfo: mountLine(30, '/', '/cg', 'cgroup2'), procSelfCgroup: `0::${path}\n` }
}

const detect = ({ tree, mountinfo, procSelfCgroup }: { tree: FakeCgroups; mountinfo: string; procSelfCgroup: string }): CgroupHost =>
  detectCgroups({ procSelfCgroup, mountinfo, root: tree.root, fs: tree.fs })

/** The plan with the temporary directory left out of paths. */
const shown = (tree: FakeCgroups, host: CgroupHost, limits: CgroupLimits) => {
  const plan = planCgroups(limits, host, 'x')
  return {
    ...plan,
    groups: plan.groups.map((group) => `${group.controller} ${group.directory.slice(tree.root.length)}`),
    writes: plan.writes.map(({ path, text }) => `${path.slice(tree.root.length)} ${text}`),
    tasksFiles: plan.tasksFiles.map((path) => path.slice(tree.root.length)),
    unifiedDirectory: plan.unifiedDirectory?.slice(tree.root.length),
  }
}

const statuses = (limits: CgroupLimits, host: CgroupHost) =>
  Object.fromEntries(Object.entries(planCgroups(limits, host, 'x').isolation).map(([limit, entry]) => [limit, entry.status]))

describe('cgroup v1', () => {
  it('writes each limit to its own hierarchy, the memory limit before the sum with swap and the period before the quota', () => {
    const layout = v1()
    using tree = layout.tree
    const host = detect(layout)
    expect(host.layout).toBe('v1')
    expect(shown(tree, host, all)).toMatchObject({
      groups: [
        'memory /cg/memory/stratabox-x',
        'cpu /cg/cpu/stratabox-x',
        'pids /cg/pids/stratabox-x',
        'blkio /cg/blkio/stratabox-x',
        'freezer /cg/freezer/stratabox-x',
      ],
      writes: [
        '/cg/memory/stratabox-x/memory.limit_in_bytes 67108864',
        '/cg/memory/stratabox-x/memory.memsw.limit_in_bytes 67108864',
        '/cg/cpu/stratabox-x/cpu.cfs_period_us 100000',
        '/cg/cpu/stratabox-x/cpu.cfs_quota_us 50000',
        '/cg/cpu/stratabox-x/cpu.shares 512',
        '/cg/pids/stratabox-x/pids.max 10',
        '/cg/blkio/stratabox-x/blkio.throttle.read_bps_device 8:0 1000',
        '/cg/blkio/stratabox-x/blkio.throttle.write_iops_device 8:0 5',
      ],
      tasksFiles: ['memory', 'cpu', 'pids', 'blkio', 'freezer'].map((name) => `/cg/${name}/stratabox-x/tasks`),
      unifiedDirectory: undefined,
      freezer: { path: `${tree.root}/cg/freezer/stratabox-x/freezer.state`, frozen: 'FROZEN', thawed: 'THAWED' },
      isolation: {
        memoryMaxBytes: { status: 'enforced' },
        swapMaxBytes: { status: 'off' },
        ioMax: { status: 'degraded', why: expect.stringMatching(/page cache/) },
      },
    })
  })
  it('makes groups only for controllers with a limit, and the freezer', () => {
    const layout = v1()
    using tree = layout.tree
    const host = detect(layout)
    expect(shown(tree, host, { pidsMax: 1 }).groups).toEqual(['pids /cg/pids/stratabox-x', 'freezer /cg/freezer/stratabox-x'])
    expect(shown(tree, host, { ioMax: [] })).toMatchObject({ groups: ['freezer /cg/freezer/stratabox-x'], writes: [] })
  })
  it('adds swap to memory, and refuses it alone or where the kernel does not account it', () => {
    const layout = v1(['memory'])
    using tree = layout.tree
    const host = detect(layout)
    expect(shown(tree, host, { memoryMaxBytes: 10 * MIB, swapMaxBytes: 5 * MIB }).writes[1]).toMatch(/memsw.limit_in_bytes 15728640$/)
    expect(planCgroups({ swapMaxBytes: 1 }, host, 'x')).toMatchObject({
      groups: [],
      isolation: { swapMaxBytes: { status: 'refused', remedy: expect.stringMatching(/memoryMaxBytes/) } },
    })
    tree.absent.add('memory.memsw.limit_in_bytes')
    const without = detect(layout)
    expect(shown(tree, without, { memoryMaxBytes: 10 * MIB }).writes).toEqual(['/cg/memory/stratabox-x/memory.limit_in_bytes 10485760'])
    expect(statuses({ memoryMaxBytes: 10 * MIB, swapMaxBytes: 0 }, without)).toMatchObject({
      memoryMaxBytes: 'enforced',
      swapMaxBytes: 'refused',
    })
  })
  it('stays at or below a quota of a group above, which the kernel would answer with EINVAL', () => {
    const layout = v1(['cpu'])
    using tree = layout.tree
    tree.group('/cg/cpu/outer/inner').write('/cg/cpu/outer/cpu.cfs_quota_us', '75000').write('/cg/cpu/outer/cpu.cfs_period_us', '100000')
    tree.write('/cg/cpu/outer/inner/cpu.cfs_quota_us', '-1')
    const host = detect({ ...layout, procSelfCgroup: '1:cpu:/outer/inner\n' })
    expect(shown(tree, host, { cpusMax: 2 }).writes[1]).toBe('/cg/cpu/outer/inner/stratabox-x/cpu.cfs_quota_us 75000')
    expect(shown(tree, host, { cpusMax: 0.5 }).writes[1]).toBe('/cg/cpu/outer/inner/stratabox-x/cpu.cfs_quota_us 50000')
  })
  it('uses controllers that are mounted together as one group', () => {
    using tree = new FakeCgroups().mount('/cg/cpu,cpuacct', 1, ['cpu', 'cpuacct'])
    const host = detectCgroups({
      procSelfCgroup: '2:cpuacct,cpu:/\n',
      mountinfo: mountLine(30, '/', '/cg/cpu,cpuacct', 'cgroup', 'rw,cpu,cpuacct'),
      root: tree.root,
      fs: tree.fs,
    })
    expect(shown(tree, host, { cpusMax: 1, cpuWeight: 100 })).toMatchObject({
      groups: ['cpu /cg/cpu,cpuacct/stratabox-x'],
      tasksFiles: ['/cg/cpu,cpuacct/stratabox-x/tasks'],
    })
  })
  it('refuses each limit, with why and remedy, where no group can be made', () => {
    const layout = v1()
    using tree = layout.tree
    for (const name of ['memory', 'cpu', 'pids', 'blkio', 'freezer']) tree.denied.add(`/cg/${name}`)
    const host = detect(layout)
    const plan = planCgroups(all, host, 'x')
    expect(plan).toMatchObject({ groups: [], writes: [], tasksFiles: [] })
    expect(plan.isolation['memoryMaxBytes']).toMatchObject({
      status: 'refused',
      why: expect.stringMatching(/EACCES/),
      remedy: expect.stringMatching(/chown/),
    })
    expect(statuses(all, host)).toEqual({
      memoryMaxBytes: 'refused',
      swapMaxBytes: 'off',
      cpusMax: 'refused',
      cpuWeight: 'refused',
      pidsMax: 'refused',
      ioMax: 'refused',
    })
  })
  it('works in a container whose mounts show its own group as their root', () => {
    using tree = new FakeCgroups().mount('/cg/pids', 1, ['pids'])
    const mountinfo = mountLine(30, '/docker/abc', '/cg/pids', 'cgroup', 'ro,pids')
    const host = (path: string) => detectCgroups({ procSelfCgroup: `3:pids:${path}\n`, mountinfo, root: tree.root, fs: tree.fs })
    expect(shown(tree, host('/docker/abc'), { pidsMax: 1 }).groups).toEqual(['pids /cg/pids/stratabox-x'])
    expect(statuses({ pidsMax: 1 }, host('/elsewhere'))).toMatchObject({ pidsMax: 'refused' })
  })
  it('passes over a mount that cannot be written for one that can', () => {
    using tree = new FakeCgroups().mount('/a', 1, ['pids']).mount('/b', 1, ['pids'])
    tree.denied.add('/a')
    const mountinfo = mountLine(30, '/', '/a', 'cgroup', 'ro,pids') + mountLine(31, '/', '/b', 'cgroup', 'rw,pids')
    const host = detectCgroups({ procSelfCgroup: '3:pids:/\n', mountinfo, root: tree.root, fs: tree.fs })
    expect(shown(tree, host, { pidsMax: 1 }).groups).toEqual(['pids /b/stratabox-x'])
  })
})

describe('cgroup v2', () => {
  it('puts everything into one group', () => {
    const layout = v2({ path: '/' })
    using tree = layout.tree
    const host = prepareCgroups(all, detect(layout), { fs: tree.fs })
    expect(host.layout).toBe('v2')
    expect(shown(tree, host, { ...all, swapMaxBytes: 7 })).toMatchObject({
      groups: ['memory,cpu,pids,io /cg/stratabox-x'],
      writes: [
        '/cg/stratabox-x/memory.max 67108864',
        '/cg/stratabox-x/memory.swap.max 7',
        '/cg/stratabox-x/cpu.max 50000 100000',
        '/cg/stratabox-x/cpu.weight 50',
        '/cg/stratabox-x/pids.max 10',
        '/cg/stratabox-x/io.max 8:0 rbps=1000 wiops=5',
      ],
      tasksFiles: [],
      unifiedDirectory: '/cg/stratabox-x',
      freezer: { path: `${tree.root}/cg/stratabox-x/cgroup.freeze`, frozen: '1', thawed: '0' },
    })
    expect(new Set(Object.values(statuses({ ...all, swapMaxBytes: 7 }, host)))).toEqual(new Set(['enforced']))
  })
  it('gives no swap with a memory limit unless told, and one group to freeze and kill without any limit', () => {
    const layout = v2({ path: '/' })
    using tree = layout.tree
    const host = prepareCgroups({ memoryMaxBytes: MIB }, detect(layout), { fs: tree.fs })
    expect(shown(tree, host, { memoryMaxBytes: MIB }).writes).toContain('/cg/stratabox-x/memory.swap.max 0')
    expect(shown(tree, host, {})).toMatchObject({ groups: ['unified /cg/stratabox-x'], writes: [] })
  })
  it.each([
    [0.001, '1000 1000000'],
    [0.005, '1000 200000'],
    [0.01, '1000 100000'],
    [1 / 3, '33333 100000'],
    [2.5, '250000 100000'],
    [64, '6400000 100000'],
  ])('turns %d cores into a quota that the kernel takes', (cpusMax, text) => {
    const layout = v2({ path: '/' })
    using tree = layout.tree
    const host = prepareCgroups({ cpusMax }, detect(layout), { fs: tree.fs })
    expect(shown(tree, host, { cpusMax }).writes).toEqual([`/cg/stratabox-x/cpu.max ${text}`])
  })
})

describe('delegation on v2', () => {
  const ours = { pid: 100, uid: 1000 }
  it('enables controllers in a group that has no processes', () => {
    const layout = v2({ pids: [] })
    using tree = layout.tree
    const before = detect(layout)
    expect(statuses({ pidsMax: 1 }, before)).toMatchObject({ pidsMax: 'refused' })
    const host = prepareCgroups({ pidsMax: 1, memoryMaxBytes: MIB }, before, { ...ours, fs: tree.fs })
    expect(tree.read('/cg/mine/cgroup.subtree_control').split(' ').sort()).toEqual(['memory', 'pids'])
    expect(statuses({ pidsMax: 1, memoryMaxBytes: MIB }, host)).toMatchObject({ pidsMax: 'enforced', memoryMaxBytes: 'enforced' })
    expect(prepareCgroups({ pidsMax: 1 }, host, { ...ours, fs: { ...tree.fs, writeFile: () => expect.unreachable() } })).toEqual(host)
  })
  it('moves itself and its children to a leaf when nobody else is in the group', () => {
    const layout = v2({ pids: [100, 101, 102] })
    using tree = layout.tree.processes({ 100: 1, 101: 100, 102: 101 })
    const host = prepareCgroups({ pidsMax: 1 }, detect(layout), { pid: 100, uid: 0, proc: `${tree.root}/proc`, fs: tree.fs })
    expect(tree.read('/cg/mine/stratabox-self/cgroup.procs')).toBe('100\n101\n102\n')
    expect(shown(tree, host, { pidsMax: 1 })).toMatchObject({
      groups: ['pids /cg/mine/stratabox-x'],
      isolation: { pidsMax: { status: 'enforced' } },
    })
  })
  it('finds, from that leaf, the group above it', () => {
    const layout = v2({ pids: [], pass: ['pids'] })
    using tree = layout.tree.write('/cg/mine/cgroup.subtree_control', 'pids').group('/cg/mine/stratabox-self', { pids: [100] })
    tree.write('/cg/mine/cgroup.subtree_control', 'pids')
    const host = detect({ ...layout, procSelfCgroup: '0::/mine/stratabox-self\n' })
    expect(shown(tree, host, { pidsMax: 1 }).groups).toEqual(['pids /cg/mine/stratabox-x'])
  })
  it.each([
    ['the shell that started it, in a group given to this user', 1000, true],
    ["the shell that started it, in root's own session", 0, false],
  ])('with %s', (_, uid, moves) => {
    const layout = v2({ pids: [90, 100] })
    using tree = layout.tree.processes({ 90: 1, 100: 90 })
    tree.uid = uid
    const host = prepareCgroups({ pidsMax: 1 }, detect(layout), { pid: 100, uid, proc: `${tree.root}/proc`, fs: tree.fs })
    expect(statuses({ pidsMax: 1 }, host)['pidsMax']).toBe(moves ? 'enforced' : 'refused')
    expect(tree.has('/cg/mine/stratabox-self')).toBe(moves)
  })
  it.each([
    ['a stranger', 500],
    ['a process of another PID namespace', 0],
  ])('leaves a group alone that also holds %s, and says so', (_, other) => {
    const layout = v2({ pids: [100, other] })
    using tree = layout.tree.processes({ 100: 1, 500: 1 })
    tree.uid = 1000
    const host = prepareCgroups({ pidsMax: 1 }, detect(layout), { ...ours, proc: `${tree.root}/proc`, fs: tree.fs })
    expect(tree.has('/cg/mine/stratabox-self')).toBe(false)
    expect(planCgroups({ pidsMax: 1 }, host, 'x').isolation['pidsMax']).toMatchObject({
      status: 'refused',
      why: expect.stringMatching(/EBUSY.*others/),
      remedy: expect.stringMatching(/systemd-run --user --scope -p Delegate=yes/),
    })
  })
  it('refuses with EACCES where the group is not ours to change, and offers what was passed on', () => {
    const layout = v2({ pids: [] })
    using tree = layout.tree
    const before = detect(layout)
    tree.denied.add('/cg/mine')
    const host = prepareCgroups({ pidsMax: 1 }, before, { ...ours, fs: tree.fs })
    expect(planCgroups({ pidsMax: 1 }, host, 'x').isolation['pidsMax']).toMatchObject({
      status: 'refused',
      why: expect.stringMatching(/EACCES/),
    })
  })
  it('refuses a controller that nobody passed on, and enforces the others', () => {
    const layout = v2({ pids: [], pass: ['memory'] })
    using tree = layout.tree
    const limits = { pidsMax: 1, memoryMaxBytes: MIB }
    const host = prepareCgroups(limits, detect(layout), { ...ours, fs: tree.fs })
    expect(statuses(limits, host)).toMatchObject({ pidsMax: 'refused', memoryMaxBytes: 'enforced' })
  })
})

describe('hybrid', () => {
  it('takes limits from v1, and freezes and kills on v2', () => {
    using tree = new FakeCgroups().mount('/cg/memory', 1, ['memory']).mount('/cg/pids', 1, ['pids']).mount('/cg/unified', 2, ['hugetlb'])
    const host = detectCgroups({
      procSelfCgroup: '8:pids:/\n4:memory:/a\n9:name=systemd:/\n0::/\n',
      mountinfo:
        mountLine(30, '/', '/cg/memory', 'cgroup', 'rw,memory') +
        mountLine(31, '/', '/cg/pids', 'cgroup', 'rw,pids') +
        mountLine(32, '/', '/cg/unified', 'cgroup2'),
      root: tree.root,
      fs: tree.group('/cg/memory/a').fs,
    })
    expect(host.layout).toBe('hybrid')
    expect(shown(tree, host, { memoryMaxBytes: MIB, pidsMax: 3, cpusMax: 1 })).toMatchObject({
      groups: ['memory /cg/memory/a/stratabox-x', 'pids /cg/pids/stratabox-x', 'unified /cg/unified/stratabox-x'],
      tasksFiles: ['/cg/memory/a/stratabox-x/tasks', '/cg/pids/stratabox-x/tasks'],
      unifiedDirectory: '/cg/unified/stratabox-x',
      isolation: { cpusMax: { status: 'refused' }, memoryMaxBytes: { status: 'enforced' } },
    })
  })
})

describe('no control groups', () => {
  it('refuses limits and plans nothing', () => {
    const host = detectCgroups({ procSelfCgroup: '', mountinfo: '' })
    expect(host).toEqual({ layout: 'none', hierarchies: [] })
    expect(planCgroups({}, host, 'x')).toMatchObject({ groups: [], writes: [], tasksFiles: [] })
    expect(planCgroups({ pidsMax: 1 }, host, 'x').isolation['pidsMax']).toMatchObject({ status: 'refused', remedy: expect.any(String) })
  })
  it('refuses an id that would lead elsewhere', () => {
    for (const id of ['', '../x', 'a/b', 'a\0']) expect(() => planCgroups({}, { layout: 'none', hierarchies: [] }, id)).toThrow(TypeError)
  })
})
