// What PID 1 says, checked: it may have been taken over from inside, and then says what it likes. The other half is native/linux/supervisor/init.cc.
import { OP, type ReceivedStep } from '../../native/index.js'
import { failureOf } from './failure.js'

/** How a process ended: a wait(2) status and its rusage. */
export interface ProcessEnd {
  readonly waitStatus: number
  readonly cpuUserUs: number
  readonly cpuSystemUs: number
  readonly memoryPeakBytes: number
}

/** One message of PID 1. */
export type InitMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed' | 'spawnFailed'; readonly error: Error }
  | { readonly kind: 'spawned'; readonly pid: number }
  | { readonly kind: 'denied'; readonly call: number; readonly count: number }
  | { readonly kind: 'exit'; readonly end: ProcessEnd }

const ERRNO_MAX = 4095
const PID_MAX = 2 ** 22
const SIGNAL_MAX = 64
// Whatever a process put into the register that the kernel takes an int from.
const [CALL_MIN, CALL_MAX] = [-(2 ** 31), 2 ** 31 - 1]

const isWithin = (value: bigint | undefined, least: number, most: number): value is bigint =>
  value !== undefined && value >= least && value <= most

/** wait(2): an exit code, or a signal with or without a core dump. */
const isWaitStatus = (status: number): boolean =>
  (status & 0x7f) === 0 ? status <= 0xff00 && (status & 0x80) === 0 : status <= 0xff && (status & 0x7f) <= SIGNAL_MAX

/** Undefined for what our own PID 1 never sends. */
export function readInitMessage({ op, ints, strings }: ReceivedStep): InitMessage | undefined {
  const [first] = ints
  switch (op) {
    case OP.ready:
      return ints.length === 2 && ints.every((is) => is === 1n) && strings.length === 0 ? { kind: 'ready' } : undefined
    case OP.failed:
    case OP.spawnFailed:
      if (ints.length !== 1 || strings.length !== 3 || !isWithin(first, 1, ERRNO_MAX)) return undefined
      return { kind: op === OP.failed ? 'failed' : 'spawnFailed', error: failureOf({ op, ints, strings }) }
    case OP.denied: {
      const [call, count] = ints
      if (ints.length !== 2 || !isWithin(call, CALL_MIN, CALL_MAX) || !isWithin(count, 1, Number.MAX_SAFE_INTEGER)) return undefined
      return { kind: 'denied', call: Number(call), count: Number(count) }
    }
    case OP.spawned:
      return ints.length === 1 && isWithin(first, 2, PID_MAX) ? { kind: 'spawned', pid: Number(first) } : undefined
    case OP.exit: {
      if (ints.length !== 4 || !ints.every((value) => isWithin(value, 0, Number.MAX_SAFE_INTEGER))) return undefined
      const [waitStatus, cpuUserUs, cpuSystemUs, memoryPeakBytes] = ints.map(Number) as [number, number, number, number]
      return isWaitStatus(waitStatus) ? { kind: 'exit', end: { waitStatus, cpuUserUs, cpuSystemUs, memoryPeakBytes } } : undefined
    }
    default:
      return undefined
  }
}
