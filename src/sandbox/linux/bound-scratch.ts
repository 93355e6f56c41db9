// The watch over one sandbox's scratch on disk: when it looks, and what it does to a sandbox that has written too much.
import type { Events } from '../events.js'
import type { SandboxSpec } from '../spec.js'
import { type CgroupPlan, processCount } from './cgroup/index.js'
import { DiskBound } from './disk-bound.js'
import type { LinuxHost } from './host.js'
import type { InitClient } from './init-client.js'

/** The sandbox as far as it can be stopped and let go. */
export interface Pausable {
  isOpen(): boolean
  isFrozen(): boolean
  freeze(): Promise<void>
  thaw(): Promise<void>
}

interface Parts {
  readonly scratchDirectory: string | undefined
  readonly spec: SandboxSpec
  readonly cgroup: CgroupPlan
  readonly init: InitClient
  readonly host: LinuxHost
}

/** The watch, or undefined where there is nothing on disk to bound. */
export function boundScratch(parts: Parts, events: Events, sandbox: Pausable): DiskBound | undefined {
  const { scratchDirectory, spec, cgroup, init, host } = parts
  const { diskMaxBytes } = spec.limits
  if (scratchDirectory === undefined || diskMaxBytes === undefined) return undefined
  return new DiskBound({
    directory: scratchDirectory,
    maxBytes: diskMaxBytes,
    ask: async (request, base) => (await host.files()).request(request, base),
    // PID 1 is one; where no group counts, something in the background may run.
    isBusy: () => init.isBusy || (processCount(cgroup) ?? 2) > 1,
    hold: async () => {
      // Paused by its owner, it is to stay so.
      if (cgroup.freezer === undefined || sandbox.isFrozen() || !sandbox.isOpen()) return () => Promise.resolve()
      await sandbox.freeze()
      return async () => {
        if (sandbox.isOpen()) await sandbox.thaw()
      }
    },
    exceeded: (value) => {
      init.signalAll(9)
      events.emit('limit', { limit: 'diskMaxBytes', value, max: diskMaxBytes })
    },
  })
}
