// Actions of a filter as the kernel's return values. Source: seccomp(2), "Return value of a filter"; linux/seccomp.h.
import type { SeccompAction } from './profile.js'

const KILL_PROCESS = 0x8000_0000
const KILL_THREAD = 0
const TRAP = 0x0003_0000
const ERRNO = 0x0005_0000
const USER_NOTIF = 0x7fc0_0000
const TRACE = 0x7ff0_0000
const LOG = 0x7ffc_0000
const ALLOW = 0x7fff_0000
const ACTION_MASK = 0xffff_0000

/** Returned for calls made through another architecture's entry. */
export const RETURN_KILL_PROCESS = KILL_PROCESS

/** The return value for an errno. */
export const returnErrno = (errno: number): number => ERRNO + errno

/** The return value for `action`; `data` is the errno of `ERRNO` or the message of `TRACE`. */
export function returnValue(action: SeccompAction, data: number): number {
  switch (action) {
    case 'SCMP_ACT_KILL':
    case 'SCMP_ACT_KILL_THREAD':
      return KILL_THREAD
    case 'SCMP_ACT_KILL_PROCESS':
      return KILL_PROCESS
    case 'SCMP_ACT_TRAP':
      return TRAP
    case 'SCMP_ACT_ERRNO':
      return ERRNO + data
    case 'SCMP_ACT_TRACE':
      return TRACE + data
    case 'SCMP_ACT_ALLOW':
      return ALLOW
    case 'SCMP_ACT_LOG':
      return LOG
    case 'SCMP_ACT_NOTIFY':
      return USER_NOTIF
  }
}

/** Whether a return value refuses with an errno. */
export const isErrno = (value: number): boolean => (value & ACTION_MASK) === ERRNO

/** How restrictive a return value is; smaller is stricter. The kernel compares its action as a signed number, which puts KILL_PROCESS first. */
export const severity = (value: number): number => value & ACTION_MASK
