// What this host is, found out once: whose ids sandboxes get, which control groups there are, and the supervisor that all sandboxes share.
import { execFile } from 'node:child_process'
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { UnsupportedError } from '../../core/index.js'
import { native, OP, step } from '../../native/index.js'
import { coverProc } from '../../rootfs/index.js'
import { Blanks } from './blanks.js'
import { type CgroupHost, detectCgroups, findGroups, nodeCgroupFs } from './cgroup/index.js'
import { FileHelper } from './file-helper.js'
import { explained } from './forbidden.js'
import { chooseIdMode, type IdLease, type IdMode, leaseIds, RANGE_LENGTH } from './ids.js'
import { lockFile } from './locked-file.js'
import type { PlanHost } from './plan.js'
import { noteGroups, type RuntimeDirectory, sweepDead, takeRuntimeDirectory } from './runtime-directory.js'
import { shared } from './shared.js'
import { Supervisor } from './supervisor.js'
import { tmpfsHasUserXattrs } from './tmpfs-xattrs.js'

const run = promisify(execFile)
const MODES = { range: 0, sub: 1, single: 2 } as const

/** The host as sandboxes see it, for the life of one supervisor. */
export interface LinuxHost {
  readonly ids: IdMode
  /** The lease of a root host's ids. */
  readonly lease: IdLease<number> | undefined
  readonly runtime: RuntimeDirectory
  /** Changes when controllers are enabled for the first sandbox that needs them. */
  cgroups: CgroupHost
  readonly supervisor: Supervisor
  /** What plans have of it. */
  readonly plan: PlanHost
  /** A name that no sandbox of the machine has. */
  nextId(): string
  readonly blanks: Blanks
  /** Else an overlay on a tmpfs cannot take directories of the layers below away. */
  readonly tmpfsHasUserXattrs: boolean
  /** The file helper, started when first needed. */
  files(): Promise<FileHelper>
}

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'EACCES') return ''
    throw error
  }
}

const isInstalled = (program: string): boolean =>
  (process.env['PATH'] ?? '/usr/bin:/bin').split(':').some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })

const nameOf = (): string | undefined => {
  try {
    return userInfo().username
  } catch {
    // A uid without an entry in /etc/passwd: its sub-ids can only go by number.
    return undefined
  }
}

let known: IdMode | undefined

/** The ids that sandboxes of this process can have; looked up once, not with each start: it is a dozen system calls. */
export function idMode(): IdMode {
  known ??= chooseIdMode({
    uid: process.geteuid?.() ?? -1,
    gid: process.getegid?.() ?? -1,
    userName: nameOf(),
    uidMap: textOf('/proc/self/uid_map'),
    gidMap: textOf('/proc/self/gid_map'),
    subuid: textOf('/etc/subuid'),
    subgid: textOf('/etc/subgid'),
    hasNewuidmap: isInstalled('newuidmap') && isInstalled('newgidmap'),
  })
  return known
}

function leaseRange(runtime: RuntimeDirectory): IdLease<number> {
  const directory = join(runtime.path, 'ids')
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  return leaseIds({
    directory,
    tryLock: lockFile,
    uidMap: textOf('/proc/self/uid_map'),
    gidMap: textOf('/proc/self/gid_map'),
    subuid: textOf('/etc/subuid'),
    subgid: textOf('/etc/subgid'),
  })
}

/** newuidmap(1) and newgidmap(1) for the supervisor's outer namespace. */
async function mapSubIds(pid: number, ids: IdMode & { mode: 'sub' }): Promise<void> {
  const lines = (map: typeof ids.uidMap) => map.flatMap(({ inside, outside, length }) => [inside, outside, length].map(String))
  try {
    await run('newuidmap', [String(pid), ...lines(ids.uidMap)])
    await run('newgidmap', [String(pid), ...lines(ids.gidMap)])
  } catch (cause) {
    throw new UnsupportedError('newuidmap refused the ids of /etc/subuid', {
      remedy: 'check /etc/subuid, /etc/subgid and that newuidmap is setuid root',
      cause,
    })
  }
}

/** Removes the control groups of a supervisor that was killed, in every hierarchy it used. False when one cannot be removed yet. */
async function removeGroups(id: string, parents: readonly string[]): Promise<boolean> {
  const host: CgroupHost = {
    layout: 'none',
    hierarchies: parents
      .filter((directory) => existsSync(directory))
      .map((directory) => ({
        version: 1,
        controllers: [],
        available: [],
        mountPoint: directory,
        directory,
        childFiles: new Set<string>(),
      })),
  }
  let isDone = true
  for (const [group, directories] of findGroups(host, nodeCgroupFs)) {
    if (!group.startsWith(`${id}-`)) continue
    for (const directory of directories) isDone = (await removeGroup(directory)) && isDone
  }
  return isDone
}

/** False when it is still busy after a second: its last processes, killed with their supervisor, are not gone yet. */
async function removeGroup(directory: string): Promise<boolean> {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      rmdirSync(directory)
      return true
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      // Somebody else swept.
      if (code === 'ENOENT') return true
      if (code !== 'EBUSY') throw error
    }
    await setTimeout(10)
  }
  return false
}

async function startHost(): Promise<LinuxHost> {
  if (process.platform !== 'linux')
    throw new UnsupportedError(`sandboxes are not supported on ${process.platform} yet`, { remedy: 'run on Linux' })
  const ids = idMode()
  const runtime = takeRuntimeDirectory()
  const lease = ids.mode === 'range' ? leaseRange(runtime) : undefined
  const cgroups = detectCgroups({ procSelfCgroup: textOf('/proc/self/cgroup'), mountinfo: textOf('/proc/self/mountinfo') })
  noteGroups(
    runtime,
    cgroups.hierarchies.map(({ directory }) => directory),
  )
  await sweepDead(runtime, removeGroups)
  const base = lease?.start ?? 0
  const count = ids.mode === 'single' ? 1 : RANGE_LENGTH
  const configure = step(OP.configure, [MODES[ids.mode], base, count, process.geteuid?.() ?? 0, process.getegid?.() ?? 0], runtime.own)
  const locks = [runtime.lock, ...(lease === undefined ? [] : [lease.lock])]
  let supervisor: Supervisor
  try {
    supervisor = await Supervisor.start(configure, locks, (pid) => (ids.mode === 'sub' ? mapSubIds(pid, ids) : Promise.resolve()))
  } catch (error) {
    throw explained(error)
  } finally {
    // From here on they are the supervisor's alone: when it was killed, what it left must be free for the next one to sweep.
    for (const lock of locks) native().close(lock)
  }
  const files = shared(
    () => FileHelper.start(supervisor),
    (helper) => helper.isAlive,
  )
  const plan: PlanHost = {
    ids,
    mountPoint: join(runtime.own, 'mount'),
    hasTimeNamespaces: existsSync('/proc/self/ns/time'),
    landlockAbi: supervisor.landlockAbi,
    procCovers: coverProc(),
  }
  let serial = 0
  const nextId = () => `${runtime.id}-${serial++}`
  const blanks = new Blanks({ supervisor, plan, nextId, cgroups: () => host.cgroups })
  const host: LinuxHost = {
    ids,
    lease,
    runtime,
    cgroups,
    supervisor,
    plan,
    nextId,
    blanks,
    tmpfsHasUserXattrs: tmpfsHasUserXattrs(runtime.own),
    files,
  }
  return host
}

/** The host with a living supervisor: the first call starts it, and the first after its death starts another. */
export const linuxHost: () => Promise<LinuxHost> = shared(startHost, ({ supervisor }) => supervisor.isAlive)
