// Calls that a profile hands to a listener (SCMP_ACT_NOTIFY): each is refused with one errno and told as the event 'denied'.
import { ERRNO } from '../../core/errno.js'
import { FormatError } from '../../core/errors.js'
import type { SeccompProfile } from './profile.js'

// A command's start and end lie between its filter and the one who answers for it, who waits for them.
const NEEDED = ['execve', 'exit', 'exit_group']

/** The errno that answers them: the profile's `defaultErrnoRet`, else EPERM. */
export const notifiedErrno = (profile: SeccompProfile): number => profile.defaultErrnoRet ?? ERRNO.EPERM

/** Refuses a profile under which no command could start, or end. @throws FormatError naming the call */
export function refuseUnanswered(profile: SeccompProfile): void {
  const rules = profile.syscalls ?? []
  for (const name of NEEDED) {
    const own = rules.filter(({ names }) => names.includes(name))
    const isNotified =
      own.some(({ action }) => action === 'SCMP_ACT_NOTIFY') || (own.length === 0 && profile.defaultAction === 'SCMP_ACT_NOTIFY')
    if (isNotified)
      throw new FormatError(`SCMP_ACT_NOTIFY refuses a call, and without ${name} no command could start or end: allow it`, {
        jsonPath: '$.syscalls',
      })
  }
}
