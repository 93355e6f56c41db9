// What a sandbox's groups have counted. Source: cgroup-v2.rst; cgroup-v1/memory.rst, cpuacct.rst, blkio-controller.rst.
import { nodeCgroupFs, readIfThere } from './fs.js'
import type { CgroupFs, CgroupPlan, CgroupStats } from './types.js'

const NS_PER_US = 1_000

// A lone number, in a file by itself.
const numberIn = (text: string | undefined): number | undefined => (text !== undefined && /^\d+\s*$/.test(text) ? Number(text) : undefined)

// The number after a key at the start of a line.
function valueAfter(text: string | undefined, key: string): number | undefined {
  const line = text?.split('\n').find((candidate) => candidate.startsWith(`${key} `))
  return numberIn(line?.slice(key.length + 1))
}

const sum = (text: string | undefined, pattern: RegExp): number | undefined =>
  text === undefined ? undefined : [...text.matchAll(pattern)].reduce((total, match) => total + Number(match[1]), 0)

type Read = (version: 1 | 2, controller: string, file: string) => string | undefined

const reader =
  (plan: CgroupPlan, fs: CgroupFs): Read =>
  (version, controller, file) => {
    const group = plan.groups.find((candidate) => candidate.version === version && candidate.controller.split(',').includes(controller))
    return group && readIfThere(fs, `${group.directory}/${file}`)
  }

/** How many processes the kernel killed because the sandbox was out of memory; 0 where memory is not limited. */
export function oomKillCount(plan: CgroupPlan, fs: CgroupFs = nodeCgroupFs): number {
  const read = reader(plan, fs)
  return valueAfter(read(2, 'memory', 'memory.events'), 'oom_kill') ?? valueAfter(read(1, 'memory', 'memory.oom_control'), 'oom_kill') ?? 0
}

/** How often a process or thread more than allowed was asked for; 0 where their number is not limited. */
export function pidsDeniedCount(plan: CgroupPlan, fs: CgroupFs = nodeCgroupFs): number {
  const read = reader(plan, fs)
  return valueAfter(read(2, 'pids', 'pids.events') ?? read(1, 'pids', 'pids.events'), 'max') ?? 0
}

/** The files that the kernel notifies of (inotify(7), IN_MODIFY) when a limit takes effect; on v1 there are none. */
export const eventsFiles = (plan: CgroupPlan): string[] =>
  plan.groups
    .filter(({ version }) => version === 2)
    .flatMap(({ controller, directory }) =>
      ['memory', 'pids'].filter((name) => controller.split(',').includes(name)).map((name) => `${directory}/${name}.events`),
    )

/** How many processes the sandbox has, PID 1 included; undefined where no group knows. */
export function processCount(plan: CgroupPlan, fs: CgroupFs = nodeCgroupFs): number | undefined {
  const directory = plan.unifiedDirectory ?? plan.groups[0]?.directory
  return directory === undefined ? undefined : readIfThere(fs, `${directory}/cgroup.procs`)?.match(/^\d+$/gm)?.length
}

function cpuUsageUs(read: Read, unified: (file: string) => string | undefined): number | undefined {
  // v2 counts time in every group, with the controller or without.
  const usage = valueAfter(unified('cpu.stat'), 'usage_usec')
  if (usage !== undefined) return usage
  // Only where cpu and cpuacct are one hierarchy.
  const ns = numberIn(read(1, 'cpu', 'cpuacct.usage'))
  return ns === undefined ? undefined : Math.floor(ns / NS_PER_US)
}

function tasks(read: Read, unified: (file: string) => string | undefined): number | undefined {
  const counted = numberIn(read(2, 'pids', 'pids.current') ?? read(1, 'pids', 'pids.current'))
  const all = counted ?? unified('cgroup.threads')?.match(/^\d+$/gm)?.length
  return all === undefined ? undefined : Math.max(0, all - 1)
}

/** The counters as they stand. Reads a handful of files, synchronously. */
export function readStats(plan: CgroupPlan, fs: CgroupFs = nodeCgroupFs): CgroupStats {
  const read = reader(plan, fs)
  const unified = (file: string) => (plan.unifiedDirectory === undefined ? undefined : readIfThere(fs, `${plan.unifiedDirectory}/${file}`))
  const ioV2 = read(2, 'io', 'io.stat')
  const ioV1 = read(1, 'blkio', 'blkio.throttle.io_service_bytes')
  return {
    cpuUsageUs: cpuUsageUs(read, unified),
    memoryBytes: numberIn(read(2, 'memory', 'memory.current') ?? read(1, 'memory', 'memory.usage_in_bytes')),
    memoryPeakBytes: numberIn(read(2, 'memory', 'memory.peak') ?? read(1, 'memory', 'memory.max_usage_in_bytes')),
    pids: tasks(read, unified),
    ioReadBytes: sum(ioV2, /\brbytes=(\d+)/g) ?? sum(ioV1, /^\d+:\d+ Read (\d+)$/gm),
    ioWriteBytes: sum(ioV2, /\bwbytes=(\d+)/g) ?? sum(ioV1, /^\d+:\d+ Write (\d+)$/gm),
  }
}
