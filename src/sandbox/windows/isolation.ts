// What a Windows sandbox's walls are, mechanism by mechanism, as the report tells it.
import { UnsupportedError } from '../../core/index.js'
import type { JobLimits } from '../job/index.js'
import type { SandboxSpec } from '../spec.js'
import type { IsolationEntry, IsolationReport } from '../types.js'

const OFF: IsolationEntry = { status: 'off', how: 'no limit asked for' }
const NOT_HERE = ['swapMaxBytes', 'ioMax', 'diskMaxBytes', 'fileSizeMaxBytes', 'openFilesMax'] as const

/** The limits of the sandbox's job. */
export const jobLimits = ({ memoryMaxBytes, pidsMax, cpusMax, cpuWeight }: SandboxSpec['limits']): JobLimits => ({
  memoryMaxBytes,
  pidsMax,
  cpusMax,
  // A job has one or the other; the cap is the stronger.
  cpuWeight: cpusMax === undefined ? cpuWeight : undefined,
})

/** Entries for all limits. `notEnforced`: those of the job that the system does not keep. */
export function limitEntries({ limits }: SandboxSpec, notEnforced: readonly string[], why: string): IsolationReport {
  const ofJob = (name: 'memoryMaxBytes' | 'pidsMax' | 'cpusMax' | 'cpuWeight', how: string): IsolationEntry => {
    if (limits[name] === undefined) return OFF
    return notEnforced.includes(name) ? { status: 'refused', how: 'off', why } : { status: 'enforced', how }
  }
  const others = NOT_HERE.map((name): [string, IsolationEntry] => [
    name,
    limits[name] === undefined ? OFF : { status: 'refused', how: 'off', why: 'Windows has no such limit for a group of processes' },
  ])
  return {
    memoryMaxBytes: ofJob('memoryMaxBytes', 'JOB_OBJECT_LIMIT_JOB_MEMORY: committed memory of all processes'),
    pidsMax: ofJob('pidsMax', 'JOB_OBJECT_LIMIT_ACTIVE_PROCESS'),
    cpusMax: ofJob('cpusMax', 'a hard cap of the job’s processor time'),
    cpuWeight:
      limits.cpuWeight !== undefined && limits.cpusMax !== undefined
        ? { status: 'refused', how: 'off', why: 'a job has a cap or a weight, not both' }
        : ofJob('cpuWeight', 'the weight of the job’s processor time'),
    ...Object.fromEntries(others),
    lifetimeMaxMs: limits.lifetimeMaxMs === undefined ? OFF : { status: 'enforced', how: 'a timer of the host process closes the sandbox' },
  }
}

/** @throws UnsupportedError naming the first thing that was refused, unless the caller said 'degrade': then it is degraded, and said so */
export function refuse(report: IsolationReport, onUnenforceable: SandboxSpec['onUnenforceable']): IsolationReport {
  const refused = Object.entries(report).filter(([, { status }]) => status === 'refused')
  if (refused.length === 0) return report
  if (onUnenforceable === 'degrade')
    return { ...report, ...Object.fromEntries(refused.map(([name, entry]) => [name, { ...entry, status: 'degraded' as const }])) }
  const [[name, first]] = refused as [[string, IsolationEntry]]
  throw new UnsupportedError(`${name} cannot be enforced here: ${first.why ?? first.how}`, {
    remedy: `${first.remedy ?? 'do without it'}, or pass onUnenforceable: 'degrade'`,
  })
}
