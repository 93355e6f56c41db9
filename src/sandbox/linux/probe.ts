// What this host can enforce: a sandbox is made and closed, every limit is asked for, and this is what came of it.
import { UnsupportedError } from '../../core/index.js'
import type { normalize, SandboxSpec } from '../spec.js'
import type { IsolationEntry, IsolationReport } from '../types.js'

const refused = (error: unknown): IsolationEntry => {
  const { message, remedy } = error as Error & { remedy?: string | undefined }
  return { status: 'refused', how: 'off', why: message, ...(remedy === undefined ? {} : { remedy }) }
}

/** The report for a sandbox with all limits. `report` may start the supervisor; `tryOne` makes a sandbox. */
export async function probeLinux(
  report: (spec: SandboxSpec) => Promise<IsolationReport>,
  tryOne: () => Promise<void>,
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
  let told: IsolationReport = {}
  try {
    told = await report(specify({ limits, onUnenforceable: 'degrade' }))
    await tryOne()
    return told
  } catch (error) {
    return { ...told, [error instanceof UnsupportedError ? 'user' : 'mount']: refused(error) }
  }
}
