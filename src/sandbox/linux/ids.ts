// User and group ids: which ids a sandbox may have on this host, and who a `user:` string means.

export { type ResolvedUser, resolveUser, USER_DATABASE_MAX_BYTES } from '../../oci/index.js'
export { type IdLease, type LeaseIdsOptions, leaseCandidates, leaseIds } from './ids/lease.js'
export { type IdRange, insideId, outsideId, parseIdMap, RANGE_LENGTH } from './ids/map.js'
export { type ChooseIdModeOptions, chooseIdMode, type IdMode } from './ids/mode.js'
export { type IdSpan, parseAllSubIds, parseSubIds } from './ids/subid.js'
