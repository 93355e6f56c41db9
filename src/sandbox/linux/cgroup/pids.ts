// The pids controller. Source: cgroup-v2.rst, "PID"; the same file on v1.
import type { Controller } from './controller.js'

/** pidsMax. */
export const pids: Controller = {
  name: { 1: 'pids', 2: 'pids' },
  limits: ['pidsMax'],
  plan({ pidsMax = 0 }, { version }) {
    return {
      // The sandbox's PID 1 is in the group and is not the user's.
      writes: [{ file: 'pids.max', text: String(pidsMax + 1) }],
      isolation: { pidsMax: { status: 'enforced', how: `cgroup v${version} pids.max` } },
    }
  },
}
