// Waiting until a control group stands still: the write that asks for it returns at once. Source: Linux, cgroup-v2.rst "cgroup.freeze",
// cgroup-v1/freezer-subsystem.rst.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CgroupPlan } from './cgroup/index.js'

// A task that sleeps where no signal reaches it freezes when it wakes; nobody is made to wait for that.
const ATTEMPTS = 200

/** Resolves when no task of the group runs any more, or after some 300 ms. */
export async function untilFrozen({ path, frozen }: NonNullable<CgroupPlan['freezer']>): Promise<void> {
  const isFrozen = () =>
    frozen === 'FROZEN'
      ? readFileSync(path, 'utf8').trim() === 'FROZEN'
      : readFileSync(join(dirname(path), 'cgroup.events'), 'utf8').includes('frozen 1')
  try {
    for (let attempt = 0; attempt < ATTEMPTS && !isFrozen(); attempt++) await (attempt < 20 ? new Promise(setImmediate) : sleep(1))
  } catch (error) {
    // The group went with its sandbox.
    if (!['ENOENT', 'ENODEV'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}
