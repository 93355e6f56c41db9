// Options of the builder's calls: checked when the call is made, not when the step runs.
import { release } from 'node:os'
import { imagePath, integerOption, optionsObject, rejectUnknown, stringOption } from '../core/index.js'
import type { Platform, PlatformObject } from '../image/index.js'
import type { BuildEvent } from './event.js'
import type { OwnerSpec } from './owner.js'

/** Options of `commit`. */
export interface CommitOptions {
  /** The reference that the image gets in the store. Default: none. */
  readonly tag?: string | undefined
  /** Default: the base's; without one, the host's. */
  readonly platform?: Platform | undefined
  /** Of the image and of every file that a step makes. Default: `$SOURCE_DATE_EPOCH`, else 1970. */
  readonly createdAt?: Date | undefined
  /** Default: gzip. */
  readonly compression?: 'gzip' | 'zstd' | 'none' | undefined
  /** Use and keep results of unchanged steps. Default: true. */
  readonly cache?: boolean | undefined
  readonly onEvent?: ((event: BuildEvent) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** Owner as options have it: ids, or `'uid'` (whose group has the same number), `'uid:gid'`, `'user'`, `'user:group'` and mixtures; names are looked
 *  up in the image. */
export type OwnerOption = string | { readonly uid: number; readonly gid: number }

const ID_MAX = 0xffff_fffe
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: 'amd64',
  ia32: '386',
  arm64: 'arm64',
  arm: 'arm',
  riscv64: 'riscv64',
  ppc64: 'ppc64le',
  s390x: 's390x',
  loong64: 'loong64',
}

/** What this machine runs. */
export const hostPlatform = (): PlatformObject => ({
  os: process.platform === 'win32' ? 'windows' : process.platform,
  architecture: ARCHITECTURES[process.arch] ?? process.arch,
  // `10.0.20348`: the build decides which images run.
  ...(process.platform === 'win32' ? { osVersion: release() } : {}),
})

/** Options of commit, filled in. */
export type CommitSpec = ReturnType<typeof commitSpec>

/** Options of commit with every default but the platform's. @throws TypeError | RangeError that names the option */
export function commitSpec(options: CommitOptions | undefined) {
  const given = optionsObject(options, 'commit')
  rejectUnknown(given, ['tag', 'platform', 'createdAt', 'compression', 'cache', 'onEvent', 'signal'], 'commit')
  const { compression = 'gzip', createdAt = defaultDate(), onEvent, cache = true } = given
  if (!['gzip', 'zstd', 'none'].includes(compression))
    throw new TypeError(`commit: compression must be 'gzip', 'zstd' or 'none', not ${JSON.stringify(compression)}`)
  if (!(createdAt instanceof Date) || Number.isNaN(createdAt.getTime())) throw new TypeError('commit: createdAt must be a valid Date')
  if (typeof cache !== 'boolean') throw new TypeError('commit: cache must be a boolean')
  if (onEvent !== undefined && typeof onEvent !== 'function') throw new TypeError('commit: onEvent must be a function')
  return {
    tag: stringOption(given.tag, 'commit: tag'),
    platform: given.platform,
    createdAt,
    compression,
    useCache: cache,
    onEvent: onEvent ?? (() => {}),
    signal: given.signal,
  }
}

/** reproducible-builds.org, SOURCE_DATE_EPOCH: seconds since 1970. @throws RangeError for a value that is no such number */
function defaultDate(): Date {
  const epoch = process.env['SOURCE_DATE_EPOCH']
  if (epoch === undefined || epoch === '') return new Date(0)
  if (!/^\d{1,12}$/.test(epoch)) throw new RangeError(`SOURCE_DATE_EPOCH must be seconds since 1970, not ${JSON.stringify(epoch)}`)
  return new Date(Number(epoch) * 1000)
}

// As useradd(8) takes names, upper case and dots added.
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}\$?$/

/** Default: root's. @throws TypeError for what is no owner @throws RangeError for ids out of range */
export function ownerOption(owner: OwnerOption | undefined, of: string): OwnerSpec {
  if (owner === undefined) return { uid: 0, gid: 0 }
  if (typeof owner === 'string') {
    const [user, group = user, ...more] = owner.split(':')
    if (more.length > 0 || !NAME.test(user!) || !NAME.test(group!))
      throw new TypeError(`${of}: owner must be 'user', 'user:group', 'uid', 'uid:gid' or { uid, gid }, not ${JSON.stringify(owner)}`)
    const ids = [user!, group!].map((part) => (/^\d+$/.test(part) ? integerOption(Number(part), `${of}: owner`, 0, ID_MAX)! : undefined))
    return ids[0] === undefined || ids[1] === undefined ? { names: owner } : { uid: ids[0], gid: ids[1] }
  }
  const { uid, gid } = optionsObject(owner, `${of}: owner`)
  rejectUnknown(owner, ['uid', 'gid'], `${of}: owner`)
  return { uid: integerOption(uid, `${of}: owner.uid`, 0, ID_MAX) ?? 0, gid: integerOption(gid, `${of}: owner.gid`, 0, ID_MAX) ?? 0 }
}

/** Permission bits, 0 to 0o7777. */
export const modeOption = (mode: unknown, of: string): number | undefined => integerOption(mode, `${of}: mode`, 0, 0o7777)

/** A path in the image, absolute or relative to the working directory. @throws TypeError */
export function imagePathOption(path: unknown, of: string): string {
  if (typeof path !== 'string') throw new TypeError(`${of}: the path in the image must be a string`)
  imagePath(path)
  return path
}
