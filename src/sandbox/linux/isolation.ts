// What a Linux sandbox's walls are, mechanism by mechanism, as the report tells it.
import type { RootPlan } from '../../rootfs/index.js'
import type { SandboxSpec } from '../spec.js'
import type { IsolationEntry, IsolationReport } from '../types.js'
import type { CgroupPlan } from './cgroup/index.js'
import type { IdMode } from './ids.js'

const enforced = (how: string): IsolationEntry => ({ status: 'enforced', how })

function userEntry(ids: IdMode): IsolationEntry {
  if (ids.mode === 'range') return enforced('root inside is an unprivileged id of a leased range of 65,536 outside')
  if (ids.mode === 'sub') return enforced('65,536 ids inside: the caller as root, then the sub-ids of /etc/subuid')
  return { status: 'degraded', how: 'one id inside: the caller as root', why: ids.why, remedy: ids.remedy }
}

function limitEntries({ limits, scratch, scratchMaxBytes }: SandboxSpec): IsolationReport {
  const off: IsolationEntry = { status: 'off', how: 'no limit asked for' }
  return {
    diskMaxBytes:
      scratch === 'memory'
        ? enforced(`size of the tmpfs that takes writes: ${scratchMaxBytes} bytes`)
        : limits.diskMaxBytes === undefined
          ? off
          : {
              status: 'degraded',
              how: 'the tree is watched while something runs; past the limit every process is killed, and no single file may be larger',
              why: 'no file system gives a quota to everybody: between two looks (0.1 s) the limit can be passed, and files that were deleted while open are not counted',
              remedy: "use scratch: 'memory', whose bound is never passed",
            },
    fileSizeMaxBytes: limits.fileSizeMaxBytes === undefined ? off : enforced('RLIMIT_FSIZE of each process'),
    openFilesMax: limits.openFilesMax === undefined ? off : enforced('RLIMIT_NOFILE of each process'),
    lifetimeMaxMs: limits.lifetimeMaxMs === undefined ? off : enforced('a timer of the host process closes the sandbox'),
  }
}

function scratchEntry({ scratch }: SandboxSpec, hasXattrs: boolean): IsolationEntry {
  if (scratch === 'disk') return enforced('writes go to a private directory on disk')
  if (hasXattrs) return enforced('writes go to a private tmpfs')
  return {
    status: 'degraded',
    how: 'writes go to a private tmpfs, but directories of the layers below cannot be removed (EIO)',
    why: "this kernel's tmpfs has no user attributes, which Linux has since 6.6",
    remedy: "use scratch: 'disk'",
  }
}

/** What the report is about. */
export interface ReportParts {
  readonly spec: SandboxSpec
  readonly host: { readonly ids: IdMode; readonly tmpfsHasUserXattrs: boolean; readonly plan: { readonly hasTimeNamespaces: boolean } }
  /** Undefined: no root yet. */
  readonly root: RootPlan | undefined
  readonly cgroup: CgroupPlan
}

/** The report of one sandbox. */
export function isolationReport({ spec, host, root, cgroup }: ReportParts): IsolationReport {
  return {
    user: userEntry(host.ids),
    mount: enforced('mount namespace, pivot_root; nothing of the host but what is named'),
    pid: enforced('PID namespace; its PID 1 dies with the host process'),
    uts: enforced('UTS namespace'),
    time: host.plan.hasTimeNamespaces ? enforced('time namespace') : { status: 'off', how: 'this kernel has no time namespaces' },
    proc: enforced('a procfs of its own; what shows or sets the machine is masked or read-only'),
    ipc: enforced('IPC namespace'),
    cgroup: enforced('cgroup namespace'),
    net:
      spec.network === 'none'
        ? enforced('network namespace with loopback only')
        : { status: 'off', how: "the host's network, as asked for (network: 'host')" },
    capabilities: enforced(`root inside keeps ${spec.capabilities.length} of 41`),
    noNewPrivileges: enforced('PR_SET_NO_NEW_PRIVS'),
    seccomp:
      spec.seccomp === undefined
        ? { status: 'off', how: "as asked for (seccomp: 'unconfined')" }
        : enforced('system call filter on every command'),
    rootfs:
      root?.degraded === undefined
        ? enforced('overlay: reads from below, writes to a private layer')
        : { status: 'degraded', ...root.degraded },
    scratch: scratchEntry(spec, host.tmpfsHasUserXattrs),
    ...limitEntries(spec),
    ...cgroup.isolation,
  }
}
