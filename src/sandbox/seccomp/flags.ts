// Flags of seccomp(2) that a profile may ask for. Source: linux/seccomp.h, SECCOMP_FILTER_FLAG_*.
import type { SeccompProfile } from './profile.js'

// TSYNC is accepted and dropped: the filter is set in a process of one thread.
const FLAGS: ReadonlyMap<string, number> = new Map([
  ['SECCOMP_FILTER_FLAG_TSYNC', 0],
  ['SECCOMP_FILTER_FLAG_LOG', 1 << 1],
  ['SECCOMP_FILTER_FLAG_SPEC_ALLOW', 1 << 2],
  ['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV', 1 << 5],
])
const NEW_LISTENER = 1 << 3
const WAIT_KILLABLE_RECV = 1 << 5

/** Whether this library knows the flag. */
export const isFilterFlag = (name: string): boolean => FLAGS.has(name)

/** Whether some rule (or the default) hands calls to a listener. */
export const asksForNotification = (profile: SeccompProfile): boolean =>
  profile.defaultAction === 'SCMP_ACT_NOTIFY' || (profile.syscalls ?? []).some((rule) => rule.action === 'SCMP_ACT_NOTIFY')

/** The flags argument of seccomp(2) for a profile: its own flags, and NEW_LISTENER where it asks for notification. */
export function filterFlags(profile: SeccompProfile): number {
  const asked = (profile.flags ?? []).reduce((mask, name) => mask | (FLAGS.get(name) ?? 0), 0)
  // Without a listener the kernel answers WAIT_KILLABLE_RECV with EINVAL.
  return asksForNotification(profile) ? asked | NEW_LISTENER : asked & ~WAIT_KILLABLE_RECV
}
