// Signals and wait statuses. Source: wait(2), signal(7).
import { constants } from 'node:os'

const NAMES = new Map<number, NodeJS.Signals>(Object.entries(constants.signals).map(([name, number]) => [number, name as NodeJS.Signals]))
// Two names share these numbers; the usual one wins.
NAMES.set(6, 'SIGABRT')
NAMES.set(29, 'SIGIO')

/** A signal's number. @throws TypeError for an unknown name */
export function signalNumber(signal: NodeJS.Signals): number {
  const number = constants.signals[signal]
  if (number === undefined) throw new TypeError(`unknown signal: ${JSON.stringify(signal)}`)
  return number
}

/** A wait(2) status as an exit code or a signal. */
export function exitOf(waitStatus: number): { exitCode: number | null; signal: NodeJS.Signals | null } {
  const signal = waitStatus & 0x7f
  return signal === 0
    ? { exitCode: (waitStatus >> 8) & 0xff, signal: null }
    : { exitCode: null, signal: NAMES.get(signal) ?? (`SIG${signal}` as NodeJS.Signals) }
}
