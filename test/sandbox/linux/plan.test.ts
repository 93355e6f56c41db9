// The plan of a sandbox as data: which steps, in which order, for which options.
import { describe, expect, it } from 'vitest'
import { OP, type Step } from '../../../src/native/index.js'
import { attachSnapshots, imageRoot, planMounts, type TreeSource } from '../../../src/rootfs/index.js'
import { planSandbox } from '../../../src/sandbox/linux/plan.js'
import { normalize } from '../../../src/sandbox/spec.js'
import type { BaseSandboxOptions } from '../../../src/sandbox/types.js'

const NAMES = new Map<number, string>(Object.entries(OP).map(([name, op]) => [op, name]))
const noGroups = { groups: [], writes: [], tasksFiles: [], isolation: {} }
const single = { mode: 'single', uidMap: [], gidMap: [], why: '', remedy: '' } as const
const range = { mode: 'range' } as const

interface Variant {
  readonly options?: BaseSandboxOptions
  readonly ids?: typeof single | typeof range
  readonly cgroup?: Parameters<typeof planSandbox>[0]['cgroup']
  readonly scratchDirectory?: string
}

function plan({ options = {}, ids = range, cgroup = noGroups, scratchDirectory }: Variant = {}): Step[] {
  const source: TreeSource = { isIdmapped: ids.mode === 'range' }
  const spec = normalize(options)
  const scratch = { isScratchMemory: scratchDirectory === undefined, tmpfsMaxBytes: spec.scratchMaxBytes }
  const caches = new Map([['npm', '/store/cache/mounts/root/npm']])
  const mounts = planMounts({ mounts: spec.mounts, source, snapshots: [], hidden: [], caches, ...scratch })
  const lowers = { root: '/store/layers/root', names: ['base', 'app'], release: () => Promise.resolve() }
  const root = imageRoot({ lowers, source, snapshots: [], mountPoints: mounts.points })
  const snapshots = attachSnapshots([], source)
  const host = {
    mountPoint: '/run/stratabox/1-0/mount',
    procCovers: [{ op: OP.attachOver, ints: [6], strings: ['p/keys'] }],
    hasTimeNamespaces: true,
    landlockAbi: 7,
  }
  return planSandbox({ spec, ids, cgroup, root, mounts, snapshots, scratchDirectory, ...host })
}

/** One line a step. */
const lines = (steps: readonly Step[]): string[] =>
  steps.map(({ op, ints = [], strings = [] }) =>
    [NAMES.get(op), ...ints, ...strings.map((text) => JSON.stringify(text.toString()))].join(' '),
  )
const names = (variant?: Variant): string[] => plan(variant).map(({ op }) => NAMES.get(op) as string)
const step = (name: keyof typeof OP, variant?: Variant): Step | undefined => plan(variant).find(({ op }) => op === OP[name])

describe('the plan', () => {
  it('is, for an image on a root host', () => {
    expect(lines(plan())).toMatchInlineSnapshot(`
      [
        "namespaces 1845624960",
        "openTree 1 0 1 0 "/store/layers/root"",
        "openHere 0 "/run/stratabox/1-0/mount"",
        "setIds 1",
        "privateMounts",
        "loopback",
        "sysctl "/proc/sys/net/ipv4/ip_unprivileged_port_start" "0"",
        "sysctl "/proc/sys/net/ipv4/ping_group_range" "0 65535"",
        "newMount 2 6 "tmpfs" "size=1073741824,mode=755"",
        "attachAt 2 0",
        "enter 2",
        "mkdir 493 "u"",
        "mkdir 493 "w"",
        "newMount 3 14 "proc" """,
        "attachOver 6 "p/keys"",
        "newMount 7 10 "devpts" "newinstance,ptmxmode=0666,mode=0620,max=256,gid=5"",
        "mkdir 493 "dev"",
        "mkdir 493 "dev/pts"",
        "mkdir 1023 "dev/shm"",
        "mkdir 1023 "tmp"",
        "tree 6 0 0 "/dev/null"",
        "file 438 "dev/null" """,
        "attach 6 2 "dev/null"",
        "tree 6 0 0 "/dev/zero"",
        "file 438 "dev/zero" """,
        "attach 6 2 "dev/zero"",
        "tree 6 0 0 "/dev/full"",
        "file 438 "dev/full" """,
        "attach 6 2 "dev/full"",
        "tree 6 0 0 "/dev/random"",
        "file 438 "dev/random" """,
        "attach 6 2 "dev/random"",
        "tree 6 0 0 "/dev/urandom"",
        "file 438 "dev/urandom" """,
        "attach 6 2 "dev/urandom"",
        "tree 6 0 0 "/dev/tty"",
        "file 438 "dev/tty" """,
        "attach 6 2 "dev/tty"",
        "symlink "/proc/self/fd" "dev/fd"",
        "symlink "/proc/self/fd/0" "dev/stdin"",
        "symlink "/proc/self/fd/1" "dev/stdout"",
        "symlink "/proc/self/fd/2" "dev/stderr"",
        "symlink "pts/ptmx" "dev/ptmx"",
        "tree 4 1 10 "dev"",
        "tree 5 0 6 "tmp"",
        "hostname "sandbox"",
        "mkdir 493 "l"",
        "attach 1 2 "l"",
        "mkdir 493 "root"",
        "mkdir 493 "k"",
        "mkdir 365 "k/proc"",
        "mkdir 493 "k/dev"",
        "mkdir 1023 "k/tmp"",
        "chdir "l"",
        "mkdir 493 "../u/0"",
        "mkdir 493 "../w/0"",
        "overlay 6 "../root" "lowerdir=app:base:../k,upperdir=../u/0,workdir=../w/0,userxattr"",
        "chdir ".."",
        "openUpper "u"",
        "chdir "root"",
        "pivot",
        "attach 3 3 "/proc"",
        "attach 4 3 "/dev"",
        "attach 7 3 "/dev/pts"",
        "attach 5 3 "/tmp"",
        "handOutRoot",
        "confine 65535 3 "/"",
        "dropCaps 2147747323 2147747323",
      ]
    `)
  })

  it('is, for an image and an ordinary user with a single id', () => {
    const root = lines(plan())
    const difference = {
      only: lines(plan({ ids: single })).filter((line) => !root.includes(line)),
      without: root.filter((line) => !lines(plan({ ids: single })).includes(line)),
    }
    expect(difference).toMatchInlineSnapshot(`
      {
        "only": [
          "setIds 0",
          "sysctl "/proc/sys/net/ipv4/ping_group_range" "0 0"",
          "newMount 7 10 "devpts" "newinstance,ptmxmode=0666,mode=0620,max=256"",
          "tree 1 0 0 "/store/layers/root"",
        ],
        "without": [
          "openTree 1 0 1 0 "/store/layers/root"",
          "setIds 1",
          "sysctl "/proc/sys/net/ipv4/ping_group_range" "0 65535"",
          "newMount 7 10 "devpts" "newinstance,ptmxmode=0666,mode=0620,max=256,gid=5"",
        ],
      }
    `)
  })

  it('makes and fills the control groups before anything else, and enters them with the clone', () => {
    const cgroup = {
      groups: [
        { controller: 'memory', version: 1 as const, directory: '/sys/fs/cgroup/memory/stratabox-1' },
        { controller: 'unified', version: 2 as const, directory: '/sys/fs/cgroup/unified/stratabox-1' },
      ],
      writes: [{ path: '/sys/fs/cgroup/memory/stratabox-1/memory.limit_in_bytes', text: '1048576' }],
      tasksFiles: ['/sys/fs/cgroup/memory/stratabox-1/tasks'],
      unifiedDirectory: '/sys/fs/cgroup/unified/stratabox-1',
      isolation: {},
    }
    expect(lines(plan({ cgroup })).slice(0, 6)).toEqual([
      'makeGroup "/sys/fs/cgroup/memory/stratabox-1"',
      'makeGroup "/sys/fs/cgroup/unified/stratabox-1"',
      'writeFile "/sys/fs/cgroup/memory/stratabox-1/memory.limit_in_bytes" "1048576"',
      'attachGroup "/sys/fs/cgroup/memory/stratabox-1/tasks"',
      'intoGroup "/sys/fs/cgroup/unified/stratabox-1"',
      expect.stringContaining('namespaces'),
    ])
  })
})

describe('the order of steps', () => {
  const precedes = (first: string, second: string) => {
    const all = names({ options: { mounts: { '/t': { tmpfs: true }, '/s': { secret: 'x' } } } })
    expect(all.indexOf(first), `${first} before ${second}`).toBeLessThan(all.indexOf(second))
    expect(all.indexOf(first)).toBeGreaterThanOrEqual(0)
  }

  it('is that of the kernel', () => {
    precedes('namespaces', 'setIds')
    // Whoever has no more than the host's ids may walk the host's directories.
    precedes('openHere', 'setIds')
    precedes('setIds', 'privateMounts')
    precedes('privateMounts', 'attachAt')
    precedes('overlay', 'pivot')
    precedes('openUpper', 'pivot')
    precedes('pivot', 'handOutRoot')
  })

  it('ends with the hand-out of a finished root, Landlock, and the loss of capabilities', () => {
    expect(names({ options: { mounts: { '/t': { tmpfs: true } } } }).slice(-3)).toEqual(['handOutRoot', 'confine', 'dropCaps'])
  })

  it('mounts a parent before what lies in it', () => {
    const attached = lines(plan({ options: { mounts: { '/a/b/c': { tmpfs: true }, '/a': { tmpfs: true }, '/a/b': { tmpfs: true } } } }))
    expect(attached.filter((line) => /^attach .*"\/a/.test(line)).map((line) => line.split('"')[1])).toEqual(['/a', '/a/b', '/a/b/c'])
  })
})

describe('options in the plan', () => {
  const NEWNET = 0x4000_0000

  it('none: a network namespace of its own with the loopback up', () => {
    expect(Number(step('namespaces')?.ints?.[0]) & NEWNET).toBe(NEWNET)
    expect(names()).toContain('loopback')
  })

  it("network 'host': neither", () => {
    const variant = { options: { network: 'host' } } as const
    expect(Number(step('namespaces', variant)?.ints?.[0]) & NEWNET).toBe(0)
    expect(names(variant)).not.toContain('loopback')
  })

  it('scratch in memory: a tmpfs of the size asked for, by default the smaller of 1 GiB and half of the memory', () => {
    const size = (options: BaseSandboxOptions) =>
      /size=(\d+)/.exec(String(lines(plan({ options })).find((line) => line.includes('size='))))?.[1]
    expect(size({})).toBe(String(2 ** 30))
    expect(size({ limits: { memoryMaxBytes: 2 ** 28 } })).toBe(String(2 ** 27))
    expect(size({ limits: { memoryMaxBytes: 2 ** 33 } })).toBe(String(2 ** 30))
    expect(size({ limits: { diskMaxBytes: 2 ** 20, memoryMaxBytes: 2 ** 33 } })).toBe(String(2 ** 20))
  })

  it("scratch 'disk': a directory that is removed at the end, opened by whoever may walk there", () => {
    const disk = { options: { scratch: 'disk' }, scratchDirectory: '/store/sandboxes/1' } as const
    expect(
      lines(plan(disk))
        .filter((line) => line.includes('/store/sandboxes/1'))
        .map((line) => line.split(' ')[0]),
    ).toEqual(['removeAtEnd', 'openTree'])
    const ordinary = lines(plan({ ...disk, ids: single })).filter((line) => line.includes('/store/sandboxes/1'))
    expect(ordinary.map((line) => line.split(' ')[0])).toEqual(['removeAtEnd', 'tree'])
  })

  it('hostname: as asked for', () => {
    expect(step('hostname', { options: { hostname: 'web' } })?.strings).toEqual(['web'])
  })

  it('capabilities: the bounding set is what was asked for, and PID 1 keeps what it needs beside', () => {
    const [bounding, own] = step('dropCaps', { options: { capabilities: [] } })?.ints ?? []
    expect([bounding, own].map(Number)).toEqual([0, (1 << 5) | (1 << 6) | (1 << 7) | (1 << 8)])
  })

  it('a secret: its bytes, in no option of a mount', () => {
    const all = lines(plan({ options: { mounts: { '/token': { secret: 's3cret' } } } }))
    expect(all.filter((line) => line.includes('s3cret'))).toEqual([expect.stringMatching(/^file 256 /)])
  })
})
