// What can be had without a control group, when the caller said 'degrade': limits of single processes and users. Source: setrlimit(2).
import type { SandboxSpec } from '../spec.js'
import type { IsolationEntry, IsolationReport } from '../types.js'

/** Resource limits of each command; undefined: as they are. */
export interface FallbackLimits {
  /** RLIMIT_DATA: private writable memory of one process. */
  readonly dataMaxBytes: number | undefined
  /** RLIMIT_NPROC: processes and threads of one user of this sandbox, PID 1 counted where the user is root inside. */
  readonly processesMax: number | undefined
}

const HOW: Record<string, string> = {
  memoryMaxBytes: 'RLIMIT_DATA: private memory of each process by itself, not of all together',
  pidsMax: 'RLIMIT_NPROC: processes and threads of each user inside by itself, not of all together',
}

const isRefused = (report: IsolationReport, limit: string): boolean => report[limit]?.status === 'refused'

/** The fallbacks for what `groups` (the report of the control groups) refuses. */
export const fallbackLimits = (groups: IsolationReport, { limits, onUnenforceable }: SandboxSpec): FallbackLimits => {
  const isWanted = onUnenforceable === 'degrade'
  return {
    dataMaxBytes: isWanted && isRefused(groups, 'memoryMaxBytes') ? limits.memoryMaxBytes : undefined,
    processesMax: isWanted && isRefused(groups, 'pidsMax') && limits.pidsMax !== undefined ? limits.pidsMax + 1 : undefined,
  }
}

/** The report's entry of a refused limit that is passed over on request: still with why and remedy. */
export const degradedEntry = (limit: string, refused: IsolationEntry): IsolationEntry => ({
  ...refused,
  status: 'degraded',
  how: HOW[limit] ?? 'not enforced',
})
