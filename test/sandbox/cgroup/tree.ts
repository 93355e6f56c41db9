// Control group hierarchies as ordinary files in a temporary directory, with the rules of the kernel that matter here: a new group has its
// controllers' files, only empty groups are removed, a process is in one group, and on v2 a group with processes passes no controllers on.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { CgroupFs } from '../../../src/sandbox/linux/cgroup/index.js'
import { nodeCgroupFs } from '../../../src/sandbox/linux/cgroup/index.js'

const V1_FILES: Record<string, string[]> = {
  memory: [
    'memory.limit_in_bytes',
    'memory.memsw.limit_in_bytes',
    'memory.oom_control',
    'memory.usage_in_bytes',
    'memory.max_usage_in_bytes',
  ],
  cpu: ['cpu.shares', 'cpu.cfs_quota_us', 'cpu.cfs_period_us'],
  cpuacct: ['cpuacct.usage'],
  pids: ['pids.max', 'pids.current'],
  blkio: ['blkio.throttle.read_bps_device', 'blkio.throttle.io_service_bytes'],
  freezer: ['freezer.state'],
}
const V2_FILES: Record<string, string[]> = {
  memory: ['memory.max', 'memory.swap.max', 'memory.oom.group', 'memory.current', 'memory.peak', 'memory.events'],
  cpu: ['cpu.max', 'cpu.weight'],
  pids: ['pids.max', 'pids.current'],
  io: ['io.max', 'io.stat'],
}

const failure = (code: string) => Object.assign(new Error(code), { code })
const words = (text: string) => text.split(/\s+/).filter((word) => word !== '')

interface Hierarchy {
  readonly at: string
  readonly version: 1 | 2
  readonly controllers: readonly string[]
}

export class FakeCgroups implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), 'cgroups-'))
  readonly #hierarchies: Hierarchy[] = []
  /** Directories nothing may be changed in. */
  readonly denied = new Set<string>()
  /** Files left out, as on kernels without them. */
  readonly absent = new Set<string>()
  uid = 0

  /** Makes a hierarchy's root group. */
  mount(at: string, version: 1 | 2, controllers: readonly string[]): this {
    this.#hierarchies.push({ at, version, controllers })
    mkdirSync(join(this.root, at), { recursive: true })
    this.#populate(at)
    return this
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true })
  }

  /** Makes a group by hand, with parents; on v2 `pass` is what its parents pass on. */
  group(path: string, options: { pids?: readonly number[]; pass?: readonly string[] } = {}): this {
    const { at } = this.#hierarchyOf(path)
    const parts = path.slice(at.length).split('/').filter(Boolean)
    for (let depth = 1; depth <= parts.length; depth++) {
      const group = join(at, ...parts.slice(0, depth))
      if (options.pass) writeFileSync(join(this.root, dirname(group), 'cgroup.subtree_control'), options.pass.join(' '))
      if (existsSync(join(this.root, group))) continue
      mkdirSync(join(this.root, group))
      this.#populate(group)
    }
    this.write(`${path}/cgroup.procs`, (options.pids ?? []).map((pid) => `${pid}\n`).join(''))
    return this
  }

  write(path: string, text: string): this {
    writeFileSync(join(this.root, path), text)
    return this
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8')
  }

  has(path: string): boolean {
    return existsSync(join(this.root, path))
  }

  /** /proc/PID/stat of processes, by parent. */
  processes(parents: Record<number, number>): this {
    for (const [pid, parent] of Object.entries(parents)) {
      mkdirSync(join(this.root, 'proc', pid), { recursive: true })
      this.write(`proc/${pid}/stat`, `${pid} (a) b (c) S ${parent} 0 0`)
    }
    return this
  }

  readonly fs: CgroupFs = {
    ...nodeCgroupFs,
    mkdir: (path) => {
      const at = this.#inside(path)
      if (this.denied.has(dirname(at))) throw failure('EACCES')
      nodeCgroupFs.mkdir(path)
      this.#populate(at)
    },
    rmdir: (path) => {
      const entries = readdirSync(path, { withFileTypes: true })
      if (entries.some((entry) => entry.isDirectory()) || words(readFileSync(join(path, 'cgroup.procs'), 'utf8')).length > 0)
        throw failure('EBUSY')
      rmSync(path, { recursive: true })
    },
    writeFile: (path, text) => {
      const at = this.#inside(path)
      const group = dirname(at)
      if (this.denied.has(group)) throw failure('EACCES')
      if (!existsSync(path)) throw failure('ENOENT')
      if (at.endsWith('/cgroup.procs')) return this.#move(group, text)
      if (at.endsWith('/cgroup.subtree_control')) return this.#passOn(group, words(text))
      nodeCgroupFs.writeFile(path, text)
    },
    owner: () => this.uid,
  }

  #inside = (path: string) => path.slice(this.root.length)

  #hierarchyOf(path: string): Hierarchy {
    const found = this.#hierarchies.find(({ at }) => path === at || path.startsWith(`${at}/`))
    if (found === undefined) throw failure('ENOENT')
    return found
  }

  #populate(group: string): void {
    const { at, version, controllers } = this.#hierarchyOf(group)
    const touch = (file: string, text = '') => this.absent.has(file) || this.write(join(group, file), text)
    touch('cgroup.procs')
    if (version === 1) {
      for (const file of controllers.flatMap((name) => V1_FILES[name] ?? [])) touch(file, '0')
      return
    }
    const passed = group === at ? controllers : words(this.read(join(dirname(group), 'cgroup.subtree_control')))
    touch('cgroup.controllers', passed.join(' '))
    touch('cgroup.subtree_control')
    touch('cgroup.threads')
    touch('cpu.stat', 'usage_usec 0\nuser_usec 0\n')
    if (group === at) return
    for (const file of ['cgroup.freeze', 'cgroup.kill', 'cgroup.type', ...passed.flatMap((name) => V2_FILES[name] ?? [])]) touch(file, '0')
  }

  #groupsBelow(group: string): string[] {
    const names = readdirSync(join(this.root, group), { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
    return [group, ...names.flatMap((name) => this.#groupsBelow(join(group, name)))]
  }

  #move(group: string, pid: string): void {
    for (const other of this.#groupsBelow(this.#hierarchyOf(group).at)) {
      const file = join(other, 'cgroup.procs')
      this.write(
        file,
        words(this.read(file))
          .filter((one) => one !== pid.trim())
          .map((one) => `${one}\n`)
          .join(''),
      )
    }
    this.write(join(group, 'cgroup.procs'), `${this.read(join(group, 'cgroup.procs'))}${pid.trim()}\n`)
  }

  #passOn(group: string, changes: readonly string[]): void {
    const available = words(this.read(join(group, 'cgroup.controllers')))
    const names = changes.map((change) => change.slice(1))
    if (!names.every((name) => available.includes(name))) throw failure('ENOENT')
    const isRoot = group === this.#hierarchyOf(group).at && !this.has(join(group, 'cgroup.type'))
    // cpu and pids are for threads too: with them alone the kernel does not complain, and no child can ever hold a process.
    const isThreaded = names.every((name) => ['cpu', 'pids'].includes(name))
    if (!isRoot && words(this.read(join(group, 'cgroup.procs'))).length > 0 && !isThreaded) throw failure('EBUSY')
    const enabled = new Set([...words(this.read(join(group, 'cgroup.subtree_control'))), ...names])
    this.write(join(group, 'cgroup.subtree_control'), [...enabled].join(' '))
  }
}

/** A line of mountinfo. */
export const mountLine = (id: number, root: string, at: string, type: 'cgroup' | 'cgroup2' | 'tmpfs', options = 'rw') =>
  `${id} 23 0:${id} ${root} ${at} rw,nosuid shared:9 - ${type} ${type} ${options}\n`
