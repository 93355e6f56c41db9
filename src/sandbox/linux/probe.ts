// What this host can enforce: every limit asked for, and what came of it.
import type { normalize, SandboxSpec } from '../spec.js'
import type { IsolationReport } from '../types.js'

/** The report for a sandbox with all limits. `report` may start the supervisor: whether user namespaces work is found out by making one. */
export async function probeLinux(
  report: (spec: SandboxSpec) => Promise<IsolationReport>,
  specify: typeof normalize,
): Promise<IsolationReport> {
  const limits = {
    memoryMaxBytes: 2 ** 30,
    swapMaxBytes: 0,
    cpusMax: 1,
    cpuWeight: 100,
    pidsMax: 100,
    openFilesMax: 1024,
    fileSizeMaxBytes: 2 ** 30,
    lifetimeMaxMs: 1000,
  }
  try {
    return await report(specify({ limits, onUnenforceable: 'degrade' }))
  } catch (error) {
    const { message, remedy } = error as Error & { remedy?: string }
    return { user: { status: 'refused', how: 'off', why: message, ...(remedy === undefined ? {} : { remedy }) } }
  }
}
