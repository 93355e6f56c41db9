// Control groups as values: what is limited, what the host has, and what is to be done.

/** Limits of one block device; at least one rate must be given. Source: cgroup-v2.rst, "io.max". */
export interface IoLimit {
  /** `major:minor`, such as `8:0`; a block device's path; or any file or directory, for the disk it lies on. A partition stands for its whole disk. */
  readonly device: string
  readonly readBytesPerSecondMax?: number | undefined
  readonly writeBytesPerSecondMax?: number | undefined
  readonly readOpsPerSecondMax?: number | undefined
  readonly writeOpsPerSecondMax?: number | undefined
}

/** The limits that control groups carry. undefined: no limit. */
export interface CgroupLimits {
  readonly memoryMaxBytes?: number | undefined
  /** Beyond `memoryMaxBytes`. Default when memory is limited: 0. */
  readonly swapMaxBytes?: number | undefined
  /** In cores, at least 0.001. */
  readonly cpusMax?: number | undefined
  /** Share under contention, 1 to 10,000; the kernel's default is 100. */
  readonly cpuWeight?: number | undefined
  /** Processes and threads of the sandbox; its PID 1 is not counted. */
  readonly pidsMax?: number | undefined
  readonly ioMax?: readonly IoLimit[] | undefined
}

/** What became of one wish. */
export interface IsolationEntry {
  readonly status: 'enforced' | 'degraded' | 'refused' | 'off'
  readonly how: string
  readonly why?: string
  readonly remedy?: string
}

/** Entries by the name of the limit. */
export type IsolationReport = Record<string, IsolationEntry>

/** The file operations that control groups take; all synchronous (a group through node:fs promises costs ten times as much). */
export interface CgroupFs {
  /** @throws with `code` EACCES, EROFS, EEXIST … */
  mkdir(path: string): void
  rmdir(path: string): void
  /** Names in a directory. */
  readdir(path: string): readonly { readonly name: string; readonly isDirectory: boolean }[]
  readFile(path: string): string
  writeFile(path: string, text: string): void
  /** The uid that owns `path`. */
  owner(path: string): number
}

/** One mounted hierarchy and this process's place in it. */
export interface CgroupHierarchy {
  readonly version: 1 | 2
  /** Controllers a child group has: found by making one. On v2 those still to be enabled are in `available`. */
  readonly controllers: readonly string[]
  /** v2: what the own group could pass on to children. v1: what is mounted here. */
  readonly available: readonly string[]
  readonly mountPoint: string
  /** The directory new groups are made in: this process's own group (or, from its own leaf, the group above it). */
  readonly directory: string
  /** Files that a new child group has; empty when none could be made. */
  readonly childFiles: ReadonlySet<string>
  /** Why no child group could be made, or why the controllers cannot be passed on; undefined when all is well. */
  readonly why?: string | undefined
  /** v1 `cpu` only: the tightest quota above, in cores; a child's must not exceed it. */
  readonly cpusCeiling?: number | undefined
}

/** What this host has. Valid as long as this process stays in its group. */
export interface CgroupHost {
  readonly layout: 'v2' | 'v1' | 'hybrid' | 'none'
  readonly hierarchies: readonly CgroupHierarchy[]
}

/** One text to be written to one file, after the groups are made. */
export interface CgroupWrite {
  readonly path: string
  readonly text: string
}

/** One directory to be made. */
export interface CgroupGroup {
  /** The controllers it serves, such as `memory`; `unified` for the v2 group that only freezes and kills. */
  readonly controller: string
  readonly version: 1 | 2
  readonly directory: string
}

/** All that one sandbox needs, in order: make `groups`, do `writes`, attach. */
export interface CgroupPlan {
  readonly groups: readonly CgroupGroup[]
  readonly writes: readonly CgroupWrite[]
  /** v1: files by which the sandbox's PID 1 joins its groups, before it does anything else. */
  readonly tasksFiles: readonly string[]
  /** v2: for CLONE_INTO_CGROUP, `cgroup.freeze` and `cgroup.kill`. */
  readonly unifiedDirectory?: string
  /** Where and how to freeze; undefined when nothing can. */
  readonly freezer?: { readonly path: string; readonly frozen: string; readonly thawed: string }
  readonly isolation: IsolationReport
}

/** What a sandbox has used; undefined where nothing counts it. */
export interface CgroupStats {
  readonly cpuUsageUs: number | undefined
  readonly memoryBytes: number | undefined
  readonly memoryPeakBytes: number | undefined
  /** Processes and threads, PID 1 not counted. */
  readonly pids: number | undefined
  readonly ioReadBytes: number | undefined
  readonly ioWriteBytes: number | undefined
}
