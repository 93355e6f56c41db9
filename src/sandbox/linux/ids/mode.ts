// Which ids a sandbox can have: decided by who starts it and what the host gives that user. Source: user_namespaces(7), newuidmap(1).
import { leaseCandidates } from './lease.js'
import { type IdRange, parseIdMap, RANGE_LENGTH } from './map.js'
import { type IdSpan, parseSubIds } from './subid.js'

/** What is known about this process and host; all texts as read, '' where there is no file. */
export interface ChooseIdModeOptions {
  readonly uid: number
  readonly gid: number
  /** For the lines of /etc/subuid that go by name. */
  readonly userName?: string | undefined
  /** /proc/self/uid_map */
  readonly uidMap: string
  /** /proc/self/gid_map. Default: as `uidMap`. */
  readonly gidMap?: string | undefined
  /** /etc/subuid */
  readonly subuid: string
  /** /etc/subgid */
  readonly subgid: string
  /** Whether newuidmap and newgidmap are both installed. */
  readonly hasNewuidmap: boolean
}

/** `range`: root; each sandbox gets a range leased with `leaseIds`. `sub`: an ordinary user with sub-ids; these maps, by newuidmap and newgidmap.
 *  `single`: uid 0 and gid 0 inside are the user's own, and no other ids exist; `why` says what a full map would need. */
export type IdMode =
  | { readonly mode: 'range' }
  | { readonly mode: 'sub'; readonly uidMap: readonly IdRange[]; readonly gidMap: readonly IdRange[] }
  | {
      readonly mode: 'single'
      readonly uidMap: readonly IdRange[]
      readonly gidMap: readonly IdRange[]
      readonly why: string
      readonly remedy: string
    }

// Inside 0 is the user, so that files which the sandbox's root makes are the user's own; from 1 on the sub-ids follow.
function fullMap(own: number, spans: readonly IdSpan[]): IdRange[] | undefined {
  const map: IdRange[] = [{ inside: 0, outside: own, length: 1 }]
  let next = 1
  for (const { start, length } of spans) {
    const taken = Math.min(length, RANGE_LENGTH - next)
    if (taken > 0) map.push({ inside: next, outside: start, length: taken })
    next += taken
  }
  return next === RANGE_LENGTH ? map : undefined
}

/** Decides between the three kinds of map. */
export function chooseIdMode(options: ChooseIdModeOptions): IdMode {
  const { uid, gid, userName, uidMap, gidMap = uidMap, subuid, subgid, hasNewuidmap } = options
  if (uid === 0 && !leaseCandidates({ uidMap, gidMap, subuid, subgid }).next().done) return { mode: 'range' }
  const uids = fullMap(uid, parseSubIds(subuid, uid, userName))
  const gids = fullMap(gid, parseSubIds(subgid, uid, userName))
  if (uid !== 0 && hasNewuidmap && uids !== undefined && gids !== undefined) return { mode: 'sub', uidMap: uids, gidMap: gids }
  const reason =
    uid === 0
      ? {
          why: `this user namespace has no ${RANGE_LENGTH} ids to spare (${parseIdMap(uidMap).length} lines in uid_map)`,
          remedy: 'map more ids into it',
        }
      : !hasNewuidmap
        ? { why: 'newuidmap or newgidmap is not installed', remedy: "install the package 'uidmap'" }
        : {
            why: `/etc/subuid and /etc/subgid do not give this user ${RANGE_LENGTH - 1} ids each`,
            remedy: "as root: 'usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER'",
          }
  return { mode: 'single', uidMap: [{ inside: 0, outside: uid, length: 1 }], gidMap: [{ inside: 0, outside: gid, length: 1 }], ...reason }
}
