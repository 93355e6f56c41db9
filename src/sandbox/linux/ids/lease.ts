// Ranges of host ids for the sandboxes of a root host, each in use by one sandbox at a time. The lock file's owner holds the range; the kernel
// lets go of it when the owner dies (flock(2)).
import { UnsupportedError } from '../../../core/errors.js'
import { hasIds, parseIdMap, RANGE_LENGTH } from './map.js'
import { parseAllSubIds } from './subid.js'

// Far above what useradd(8) hands out (SUB_UID_MAX is 600,100,000), below the sign bit that some tools and file systems trip over.
const BASE = 2 ** 30
const END = 2 ** 31
// Where ids are fewer, in a user namespace: behind the ordinary ones.
const SMALL_BASE = RANGE_LENGTH

interface Texts {
  readonly uidMap: string
  readonly gidMap: string
  readonly subuid: string
  readonly subgid: string
}

/** First ids of all ranges that may be leased, lowest first: mapped in this namespace, for users and groups, and given to nobody. */
export function* leaseCandidates({ uidMap, gidMap, subuid, subgid }: Texts): Generator<number, void> {
  const maps = [parseIdMap(uidMap), parseIdMap(gidMap)]
  const given = [...parseAllSubIds(subuid), ...parseAllSubIds(subgid)]
  const isFree = (start: number) =>
    maps.every((map) => hasIds(map, start, RANGE_LENGTH)) &&
    given.every((span) => start + RANGE_LENGTH <= span.start || span.start + span.length <= start)
  const isLarge = maps.every((map) => hasIds(map, BASE, RANGE_LENGTH))
  for (let start = isLarge ? BASE : SMALL_BASE; start < (isLarge ? END : BASE); start += RANGE_LENGTH) if (isFree(start)) yield start
}

/** A leased range: ids inside 0 to 65,535 are those from `start`, for users and groups alike. */
export interface IdLease<Lock> {
  readonly start: number
  readonly length: number
  /** For the next call's `after`. */
  readonly index: number
  /** What `tryLock` gave; releasing it ends the lease. */
  readonly lock: Lock
}

/** Where and how to lease. */
export interface LeaseIdsOptions<Lock> extends Texts {
  /** Directory of the lock files, one for each range, named by its number. */
  readonly directory: string
  /** Makes and locks a file without waiting; undefined when another holds it. */
  readonly tryLock: (path: string) => Lock | undefined
  /** Begin behind this range: with many sandboxes alive, trying from the first each time costs the square of their number. Default -1. */
  readonly after?: number | undefined
}

/** Leases the next free range, once round. @throws UnsupportedError when all are in use */
export function leaseIds<Lock>(options: LeaseIdsOptions<Lock>): IdLease<Lock> {
  const { directory, tryLock, after = -1 } = options
  const skipped: { start: number; index: number }[] = []
  const attempt = (start: number, index: number): IdLease<Lock> | undefined => {
    const lock = tryLock(`${directory}/${start}`)
    return lock === undefined ? undefined : { start, length: RANGE_LENGTH, index, lock }
  }
  let index = 0
  for (const start of leaseCandidates(options)) {
    if (index > after) {
      const lease = attempt(start, index)
      if (lease !== undefined) return lease
    } else {
      skipped.push({ start, index })
    }
    index++
  }
  for (const candidate of skipped) {
    const lease = attempt(candidate.start, candidate.index)
    if (lease !== undefined) return lease
  }
  throw new UnsupportedError(`all ${index} ranges of ${RANGE_LENGTH} ids are in use`, { remedy: 'close some sandboxes first' })
}
