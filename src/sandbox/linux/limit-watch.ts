// Tells of limits that took effect ('limit' events). Nothing is polled: the kernel notifies of changes of a v2 group's events files (inotify), and what has
// no such file (cgroup v1, a full tmpfs, the largest file) is looked at when a command ends. Without a listener nothing is done at all.
import { type FSWatcher, watch } from 'node:fs'
import { statfs } from 'node:fs/promises'
import type { ProcessExit } from '../backend.js'
import type { Events } from '../events.js'
import type { SandboxSpec } from '../spec.js'
import { type CgroupPlan, eventsFiles, oomKillCount, pidsDeniedCount, readStats } from './cgroup/index.js'

/** The largest file that a command may write, and which limit says so. A mount that is writable is no part of what `diskMaxBytes` bounds. */
export function largestFile({ limits, scratch, mounts }: SandboxSpec): { limit: string; bytes: number } | undefined {
  const { fileSizeMaxBytes, diskMaxBytes } = limits
  const isWritable = mounts.some(([, mount]) => 'source' in mount && mount.access === 'write')
  const ofDisk = scratch === 'disk' && !isWritable ? diskMaxBytes : undefined
  if (ofDisk !== undefined && ofDisk < (fileSizeMaxBytes ?? Number.POSITIVE_INFINITY)) return { limit: 'diskMaxBytes', bytes: ofDisk }
  return fileSizeMaxBytes === undefined ? undefined : { limit: 'fileSizeMaxBytes', bytes: fileSizeMaxBytes }
}

/** What is watched. */
export interface LimitWatchParts {
  readonly spec: SandboxSpec
  readonly cgroup: CgroupPlan
  readonly events: Events
  /** An fd on the scratch in memory; undefined when it is on disk. */
  readonly tmpfs: number | undefined
}

/** One sandbox's watch. */
export class LimitWatch {
  readonly #parts: LimitWatchParts
  readonly #watchers: FSWatcher[] = []
  #isOn = false
  #oomKills = 0
  #pidsDenied = 0
  #wasFull = false

  constructor(parts: LimitWatchParts) {
    this.#parts = parts
    parts.events.whenHeard('limit', () => this.#start())
  }

  /** A command has ended. */
  ended({ signal }: ProcessExit): void {
    if (!this.#isOn) return
    const largest = largestFile(this.#parts.spec)
    if (signal === 'SIGXFSZ' && largest !== undefined) this.#tell(largest.limit, largest.bytes, largest.bytes)
    this.#compare()
    this.#lookAtTmpfs().catch((error: Error) => {
      // Its last process may have ended because the sandbox was closed.
      if (this.#isOn) process.emitWarning(error)
    })
  }

  close(): void {
    this.#isOn = false
    for (const watcher of this.#watchers.splice(0)) watcher.close()
  }

  #start(): void {
    const { cgroup } = this.#parts
    this.#isOn = true
    this.#oomKills = oomKillCount(cgroup)
    this.#pidsDenied = pidsDeniedCount(cgroup)
    for (const file of eventsFiles(cgroup)) {
      const watcher = watch(file, { persistent: false }, () => this.#compare())
      // The group is removed with the sandbox.
      watcher.on('error', () => watcher.close())
      this.#watchers.push(watcher)
    }
  }

  #compare(): void {
    if (!this.#isOn) return
    const { cgroup, spec } = this.#parts
    const { memoryMaxBytes, pidsMax } = spec.limits
    const [oomKills, pidsDenied] = [oomKillCount(cgroup), pidsDeniedCount(cgroup)]
    const [killed, denied] = [oomKills > this.#oomKills, pidsDenied > this.#pidsDenied]
    this.#oomKills = oomKills
    this.#pidsDenied = pidsDenied
    if (killed && memoryMaxBytes !== undefined)
      this.#tell('memoryMaxBytes', readStats(cgroup).memoryPeakBytes ?? memoryMaxBytes, memoryMaxBytes)
    // What was denied is one more than there may be.
    if (denied && pidsMax !== undefined) this.#tell('pidsMax', pidsMax + 1, pidsMax)
  }

  async #lookAtTmpfs(): Promise<void> {
    const { tmpfs, spec } = this.#parts
    if (tmpfs === undefined) return
    const { bfree, blocks, bsize } = await statfs(`/proc/self/fd/${tmpfs}`)
    const isFull = bfree === 0
    if (isFull && !this.#wasFull && this.#isOn) this.#tell('diskMaxBytes', blocks * bsize, spec.scratchMaxBytes)
    this.#wasFull = isFull
  }

  #tell(limit: string, value: number, max: number): void {
    this.#parts.events.emit('limit', { limit, value, max })
  }
}
