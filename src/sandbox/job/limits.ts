// Limits of a job: options in, requests to the system out, and what the system made of them.
import { availableParallelism } from 'node:os'
import { integerOption, optionsObject, rejectUnknown } from '../../core/index.js'
import { decodeExtendedLimits, type ExtendedLimits, JOB_LIMIT } from './layouts.js'

/** What the processes of a job may use together, unless it says otherwise. Undefined: no limit. */
export interface JobLimits {
  /** Committed memory of all. */
  readonly memoryMaxBytes?: number | undefined
  /** Committed memory of each. */
  readonly processMemoryMaxBytes?: number | undefined
  /** Processes at one time. */
  readonly pidsMax?: number | undefined
  /** Processors: 0.5 is half of one. */
  readonly cpusMax?: number | undefined
  /** 1 to 10,000, as on Linux; Windows has nine steps. Not together with cpusMax. */
  readonly cpuWeight?: number | undefined
  /** User time of all; what is in the job then ends. */
  readonly cpuTimeMaxMs?: number | undefined
  /** User time of each. */
  readonly processCpuTimeMaxMs?: number | undefined
  /** Bit k: processor k. */
  readonly affinityMask?: bigint | undefined
  readonly ioMaxBytesPerSecond?: number | undefined
  readonly ioMaxOperationsPerSecond?: number | undefined
}

const KNOWN = [
  'memoryMaxBytes',
  'processMemoryMaxBytes',
  'pidsMax',
  'cpusMax',
  'cpuWeight',
  'cpuTimeMaxMs',
  'processCpuTimeMaxMs',
  'affinityMask',
  'ioMaxBytesPerSecond',
  'ioMaxOperationsPerSecond',
]
const MIB = 2 ** 20
const TICKS_PER_MS = 10_000

/** @throws TypeError | RangeError that names the limit */
export function checkJobLimits(given: JobLimits | undefined): JobLimits {
  const limits = optionsObject(given, 'limits')
  rejectUnknown(limits, KNOWN, 'limits')
  integerOption(limits.memoryMaxBytes, 'limits.memoryMaxBytes', MIB)
  integerOption(limits.processMemoryMaxBytes, 'limits.processMemoryMaxBytes', MIB)
  integerOption(limits.pidsMax, 'limits.pidsMax', 1, 0xffffffff)
  integerOption(limits.cpuWeight, 'limits.cpuWeight', 1, 10_000)
  for (const name of ['cpuTimeMaxMs', 'processCpuTimeMaxMs', 'ioMaxBytesPerSecond', 'ioMaxOperationsPerSecond'] as const)
    integerOption(limits[name], `limits.${name}`, 1)
  const { cpusMax, cpuWeight, affinityMask } = limits
  if (cpusMax !== undefined && (typeof cpusMax !== 'number' || !(cpusMax >= 0.01 && cpusMax <= 10_000)))
    throw new RangeError(`limits.cpusMax must be a number of processors from 0.01 to 10000, not ${String(cpusMax)}`)
  if (cpusMax !== undefined && cpuWeight !== undefined) throw new TypeError('limits: a job has either cpusMax or cpuWeight, not both')
  if (affinityMask !== undefined && (typeof affinityMask !== 'bigint' || affinityMask <= 0n || affinityMask >= 1n << 64n))
    throw new RangeError('limits.affinityMask must be a bigint with at least one of 64 bits')
  return limits
}

/** The extended limits for these options. */
export function extendedLimits(limits: JobLimits, flags: number): ExtendedLimits {
  const flag = (value: unknown, bit: number) => (value === undefined ? 0 : bit)
  return {
    flags:
      flags |
      flag(limits.processCpuTimeMaxMs, JOB_LIMIT.processTime) |
      flag(limits.cpuTimeMaxMs, JOB_LIMIT.jobTime) |
      flag(limits.pidsMax, JOB_LIMIT.activeProcesses) |
      flag(limits.affinityMask, JOB_LIMIT.affinity) |
      flag(limits.processMemoryMaxBytes, JOB_LIMIT.processMemory) |
      flag(limits.memoryMaxBytes, JOB_LIMIT.jobMemory),
    processTime: BigInt(limits.processCpuTimeMaxMs ?? 0) * BigInt(TICKS_PER_MS),
    jobTime: BigInt(limits.cpuTimeMaxMs ?? 0) * BigInt(TICKS_PER_MS),
    activeProcesses: limits.pidsMax ?? 0,
    affinity: limits.affinityMask ?? 0n,
    processMemory: BigInt(limits.processMemoryMaxBytes ?? 0),
    jobMemory: BigInt(limits.memoryMaxBytes ?? 0),
  }
}

/** The rate of processor time: hundredths of a percent of all processors (1 to 10,000), or a weight of 1 to 9. Undefined: none. */
export function cpuRate(
  { cpusMax, cpuWeight }: JobLimits,
  processors = availableParallelism(),
): { readonly hardCap: number } | { readonly weight: number } | undefined {
  if (cpusMax !== undefined) return { hardCap: Math.min(10_000, Math.max(1, Math.round((cpusMax / processors) * 10_000))) }
  // 100, Linux's default, is 5, the default of Windows; a step for each factor of ten and its half.
  if (cpuWeight !== undefined) return { weight: Math.min(9, Math.max(1, Math.round(5 + 2 * Math.log10(cpuWeight / 100)))) }
  return undefined
}

const FIELD_OF = {
  memoryMaxBytes: [JOB_LIMIT.jobMemory, 'jobMemory'],
  processMemoryMaxBytes: [JOB_LIMIT.processMemory, 'processMemory'],
  pidsMax: [JOB_LIMIT.activeProcesses, 'activeProcesses'],
  cpuTimeMaxMs: [JOB_LIMIT.jobTime, 'jobTime'],
  processCpuTimeMaxMs: [JOB_LIMIT.processTime, 'processTime'],
  affinityMask: [JOB_LIMIT.affinity, 'affinity'],
} as const

/** Names of the limits asked for that a job does not have, by what it says of itself: Wine takes them all and keeps none. */
export function limitsNotKept(wanted: JobLimits, asked: ExtendedLimits, bytes: Uint8Array): readonly string[] {
  const kept = decodeExtendedLimits(bytes)
  return Object.entries(FIELD_OF)
    .filter(([name, [flag, field]]) => {
      if (wanted[name as keyof typeof FIELD_OF] === undefined) return false
      return (kept.flags & flag) === 0 || !isNear(kept[field], asked[field])
    })
    .map(([name]) => name)
}

// Memory comes back rounded to pages.
const isNear = (kept: bigint | number, asked: bigint | number): boolean => {
  const difference = BigInt(kept) - BigInt(asked)
  return difference > -65_536n && difference < 65_536n
}
