// Information classes of job objects as bytes, 64-bit. Source: Win32 JOBOBJECT_…_INFORMATION; native/windows/job.cc holds these offsets to the headers.

/** JOBOBJECTINFOCLASS. */
export const JOB_INFO = {
  basicAccounting: 1,
  processIds: 3,
  uiRestrictions: 4,
  endOfJobTime: 6,
  accounting: 8,
  extendedLimits: 9,
  cpuRate: 15,
  freeze: 18,
} as const

/** JOB_OBJECT_LIMIT_…. */
export const JOB_LIMIT = {
  processTime: 0x2,
  jobTime: 0x4,
  activeProcesses: 0x8,
  affinity: 0x10,
  processMemory: 0x100,
  jobMemory: 0x200,
  dieOnUnhandledException: 0x400,
  breakawayOk: 0x800,
  silentBreakawayOk: 0x1000,
  killOnClose: 0x2000,
} as const

const EXTENDED_SIZE = 144
const AT = {
  processTime: 0,
  jobTime: 8,
  flags: 16,
  activeProcesses: 40,
  affinity: 48,
  processMemory: 112,
  jobMemory: 120,
  peakProcessMemory: 128,
  peakJobMemory: 136,
} as const

/** JOBOBJECT_EXTENDED_LIMIT_INFORMATION; what is not among the flags is 0. Times in 100 ns, memory in bytes. */
export interface ExtendedLimits {
  readonly flags: number
  readonly processTime: bigint
  readonly jobTime: bigint
  readonly activeProcesses: number
  readonly affinity: bigint
  readonly processMemory: bigint
  readonly jobMemory: bigint
}

/** The bytes to set. */
export function encodeExtendedLimits(limits: ExtendedLimits): Uint8Array {
  const bytes = new Uint8Array(EXTENDED_SIZE)
  const view = new DataView(bytes.buffer)
  view.setBigInt64(AT.processTime, limits.processTime, true)
  view.setBigInt64(AT.jobTime, limits.jobTime, true)
  view.setUint32(AT.flags, limits.flags, true)
  view.setUint32(AT.activeProcesses, limits.activeProcesses, true)
  view.setBigUint64(AT.affinity, limits.affinity, true)
  view.setBigUint64(AT.processMemory, limits.processMemory, true)
  view.setBigUint64(AT.jobMemory, limits.jobMemory, true)
  return bytes
}

/** What was queried, with the most memory that a process and all together had. */
export function decodeExtendedLimits(
  bytes: Uint8Array,
): ExtendedLimits & { readonly peakJobMemory: bigint; readonly peakProcessMemory: bigint } {
  const view = viewOf(bytes, EXTENDED_SIZE)
  return {
    flags: view.getUint32(AT.flags, true),
    processTime: view.getBigInt64(AT.processTime, true),
    jobTime: view.getBigInt64(AT.jobTime, true),
    activeProcesses: view.getUint32(AT.activeProcesses, true),
    affinity: view.getBigUint64(AT.affinity, true),
    processMemory: view.getBigUint64(AT.processMemory, true),
    jobMemory: view.getBigUint64(AT.jobMemory, true),
    peakProcessMemory: view.getBigUint64(AT.peakProcessMemory, true),
    peakJobMemory: view.getBigUint64(AT.peakJobMemory, true),
  }
}

const CPU_RATE_ENABLE = 0x1
const CPU_RATE_WEIGHT = 0x2
const CPU_RATE_HARD_CAP = 0x4

/** JOBOBJECT_CPU_RATE_CONTROL_INFORMATION: a hard cap in hundredths of a percent of all processors, or a weight of 1 to 9. */
export function encodeCpuRate(rate: { readonly hardCap: number } | { readonly weight: number }): Uint8Array {
  const bytes = new Uint8Array(8)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, CPU_RATE_ENABLE | ('weight' in rate ? CPU_RATE_WEIGHT : CPU_RATE_HARD_CAP), true)
  view.setUint32(4, 'weight' in rate ? rate.weight : rate.hardCap, true)
  return bytes
}

/** JOBOBJECT_BASIC_UI_RESTRICTIONS: 0xff is all: handles, clipboard, system parameters, display settings, atoms, desktops, exit of Windows. */
export const encodeUiRestrictions = (bits: number): Uint8Array => new Uint8Array(Uint32Array.of(bits).buffer)

/** JOBOBJECT_FREEZE_INFORMATION (in no header; as System Informer describes it): u32 flags, u8 freeze, u8 swap, u16, u32 × 2 filter. */
export function encodeFreeze(isFrozen: boolean): Uint8Array {
  const bytes = new Uint8Array(16)
  bytes[0] = 1
  bytes[4] = isFrozen ? 1 : 0
  return bytes
}

/** The ids in a JOBOBJECT_BASIC_PROCESS_ID_LIST, and how many the job has. */
export function decodeProcessIds(bytes: Uint8Array): { readonly count: number; readonly pids: readonly number[] } {
  const view = viewOf(bytes, 8)
  const listed = Math.min(view.getUint32(4, true), Math.floor((bytes.length - 8) / 8))
  return { count: view.getUint32(0, true), pids: Array.from({ length: listed }, (_, k) => Number(view.getBigUint64(8 + 8 * k, true))) }
}

/** What a job has used: JOBOBJECT_BASIC_ACCOUNTING_INFORMATION, with IO_COUNTERS behind it where there are any. */
export interface JobAccounting {
  readonly userUs: number
  readonly kernelUs: number
  readonly totalProcesses: number
  readonly activeProcesses: number
  readonly readBytes: number
  readonly writeBytes: number
}

/** Of class 8 (96 bytes) or class 1 (48 bytes, without I/O). */
export function decodeAccounting(bytes: Uint8Array): JobAccounting {
  const view = viewOf(bytes, 48)
  const hasIo = bytes.length >= 96
  return {
    userUs: Number(view.getBigInt64(0, true)) / 10,
    kernelUs: Number(view.getBigInt64(8, true)) / 10,
    totalProcesses: view.getUint32(36, true),
    activeProcesses: view.getUint32(40, true),
    readBytes: hasIo ? Number(view.getBigUint64(72, true)) : 0,
    writeBytes: hasIo ? Number(view.getBigUint64(80, true)) : 0,
  }
}

function viewOf(bytes: Uint8Array, size: number): DataView {
  if (bytes.length < size) throw new RangeError(`the system gave ${bytes.length} bytes of ${size}`)
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
