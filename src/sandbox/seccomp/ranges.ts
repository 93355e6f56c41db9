// The line of all 32-bit call numbers, cut where behaviour changes: neighbours that behave alike are one range.
import { ERRNO } from '../../core/errno.js'
import { isErrno, returnErrno } from './actions.js'
import type { Behaviour } from './behaviour.js'

// x32 calls of x86-64 have this bit (asm/unistd.h, __X32_SYSCALL_BIT); no honest number is as large on arm64.
const X32_FROM = 0x4000_0000

/** Numbers from `first` up to the next range's. */
export interface Range {
  readonly first: number
  readonly behaviour: Behaviour
}

/** Same text, same behaviour. */
export const behaviourKey = (behaviour: Behaviour): string =>
  JSON.stringify(behaviour, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))

/** Ranges in rising order that cover every number, the first from 0. Numbers past `newest` are ENOSYS where the default refuses with an
 *  errno: to a libc that probes for a call newer than these tables EPERM means something else. x32 numbers are ENOSYS always. */
export function rangesOf(behaviours: ReadonlyMap<number, Behaviour>, defaultValue: number, newest: number): Range[] {
  const absent: Behaviour = { clauses: [], otherwise: returnErrno(ERRNO.ENOSYS) }
  const unnamed: Behaviour = { clauses: [], otherwise: defaultValue }
  const ranges: Range[] = []
  let last = ''
  const cut = (first: number, behaviour: Behaviour) => {
    const key = behaviourKey(behaviour)
    if (key !== last) ranges.push({ first, behaviour })
    last = key
  }
  for (let number = 0; number <= newest; number++) cut(number, behaviours.get(number) ?? unnamed)
  cut(newest + 1, isErrno(defaultValue) ? absent : unnamed)
  cut(X32_FROM, absent)
  return ranges
}
