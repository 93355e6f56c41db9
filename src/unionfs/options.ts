// What a caller can say about a view, checked and with every default filled in.
import { integerOption, optionsObject, rejectUnknown } from '../core/index.js'
import type { Seekable } from './index-layers.js'
import type { Tree } from './tree.js'
import type { Credentials, Volume } from './volume.js'

/** A user by numbers. */
export interface User {
  readonly uid: number
  readonly gid: number
  readonly groups?: readonly number[] | undefined
}

/** Options of UnionFs.of. */
export interface UnionFsOptions {
  /** Whose new files are. Default: uid 0, gid 0, no other groups. */
  readonly user?: User | undefined
  /** Whether `user` is held to the permissions of files (EACCES, EPERM), as Linux holds who is not root. Default: false, all is allowed. */
  readonly enforcePermissions?: boolean | undefined
  /** Bits taken from the mode of new files and directories. Default: 0o022. */
  readonly umask?: number | undefined
  /** The clock, in nanoseconds since 1970. Default: the host's, in milliseconds. A fixed one makes `toLayer()` reproducible. */
  readonly nowNs?: (() => bigint) | undefined
  /** Most entries that the layers may have together, against images made to fill memory. Default: 4,000,000. */
  readonly entriesMax?: number | undefined
  /** Where a layer's uncompressed tar can be read at any offset (an open file, bytes in memory). Without it, files are read from the layer's stream:
   *  in the tar's order that is one pass, against it one for each file. Default: nowhere. */
  readonly seekable?: Seekable | undefined
  /** Ends the reading of the layers. */
  readonly signal?: AbortSignal | undefined
}

/** Options without a default that depends on anything. */
export interface UnionFsSpec {
  readonly entriesMax: number
  readonly signal: AbortSignal | undefined
  readonly seekable: Seekable
  volume(tree: Tree): Volume
}

const KNOWN = ['user', 'enforcePermissions', 'umask', 'nowNs', 'entriesMax', 'seekable', 'signal']
const ID_MAX = 0xffff_fffe

/** @throws TypeError | RangeError that names the option */
export function normalize(given: UnionFsOptions | undefined): UnionFsSpec {
  const options = optionsObject(given, 'UnionFs.of')
  rejectUnknown(options, KNOWN, 'UnionFs.of')
  const credentials = credentialsOf(options.user, 'UnionFs.of user')
  const umask = integerOption(options.umask, 'umask', 0, 0o777) ?? 0o022
  const nowNs = options.nowNs ?? (() => BigInt(Date.now()) * 1_000_000n)
  if (typeof nowNs !== 'function') throw new TypeError('nowNs must be a function')
  const { enforcePermissions = false } = options
  if (typeof enforcePermissions !== 'boolean') throw new TypeError('enforcePermissions must be a boolean')
  const seekable = options.seekable ?? (() => undefined)
  if (typeof seekable !== 'function') throw new TypeError('seekable must be a function')
  return {
    seekable,
    entriesMax: integerOption(options.entriesMax, 'entriesMax', 0) ?? 4_000_000,
    signal: options.signal,
    volume: (tree) => ({ tree, credentials, privileged: !enforcePermissions || credentials.uid === 0, umask, nowNs }),
  }
}

/** @throws TypeError | RangeError that names the field */
export function credentialsOf(given: User | undefined, of: string): Credentials {
  const user = optionsObject<Partial<User>>(given, of)
  rejectUnknown(user, ['uid', 'gid', 'groups'], of)
  return {
    uid: integerOption(user.uid, 'user.uid', 0, ID_MAX) ?? 0,
    gid: integerOption(user.gid, 'user.gid', 0, ID_MAX) ?? 0,
    groups: (user.groups ?? []).map((group) => integerOption(group, 'user.groups', 0, ID_MAX) ?? 0),
  }
}
