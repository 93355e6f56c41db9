// chmod(2), chown(2), utimensat(2), and what a change costs a file: inode(7), Linux setattr_prepare().
import { inGroup, may, owns } from './access.js'
import { type Call, fail } from './fail.js'
import type { Inode } from './inode.js'
import { copyUp } from './tree.js'
import type { Volume } from './volume.js'
import { omit } from './xattr.js'

/** An id that chown(2) leaves as it is; -1 in C. */
const KEEP = 0xffff_ffff

/** A time as node:fs takes it: seconds (a number or a numeric string), a Date; or nanoseconds as a bigint. */
export type TimeLike = number | string | bigint | Date

/** Sets the permission bits. @throws FsError EPERM */
export function changeMode(volume: Volume, inode: Inode, mode: number, call: Call): void {
  if (!owns(volume, inode)) throw fail('EPERM', call)
  // Linux has no permissions on links: lchmod is refused.
  if (inode.type === 'symlink') throw fail('EOPNOTSUPP', call)
  copyUp(inode)
  inode.mode = mode & (inGroup(volume, inode.gid) ? 0o7777 : 0o5777)
  inode.ctimeNs = volume.nowNs()
}

/** Sets owner and group; -1 keeps one. What could run with the powers of the old owner loses them. @throws FsError EPERM */
export function changeOwner(volume: Volume, inode: Inode, uid: number, gid: number, call: Call): void {
  const newUid = idOf(uid, 'uid')
  const newGid = idOf(gid, 'gid')
  if (newUid !== KEEP && !volume.privileged && (newUid !== inode.uid || !owns(volume, inode))) throw fail('EPERM', call)
  if (newGid !== KEEP && !(owns(volume, inode) && (inGroup(volume, newGid) || newGid === inode.gid))) throw fail('EPERM', call)
  // The kernel takes setuid away by a chmod in the caller's name, even where both ids are kept.
  if (runsWithPowers(volume, inode) && !owns(volume, inode)) throw fail('EPERM', call)
  copyUp(inode)
  // Before the ids: it is the old group that the caller may be outside of.
  if (inode.type !== 'directory') dropPrivileges(volume, inode, true)
  if (newUid !== KEEP) inode.uid = newUid
  if (newGid !== KEEP) inode.gid = newGid
  inode.ctimeNs = volume.nowNs()
}

/** Takes setuid, setgid and file capabilities from a file that was written (`owner` false: root's writes keep the bits) or got another owner. */
export function dropPrivileges(volume: Volume, inode: Inode, owner: boolean): void {
  if ('security.capability' in inode.xattrs) inode.xattrs = omit(inode.xattrs, 'security.capability')
  if (volume.privileged && !owner) return
  inode.mode &= ~powersOf(volume, inode)
}

/** The bits that a change of owner takes away. Setgid without group execute meant mandatory locking once; only those outside the group lose it. */
function powersOf(volume: Volume, inode: Inode): number {
  const takesSetgid = (inode.mode & 0o10) !== 0 || !inGroup(volume, inode.gid)
  return 0o4000 | (takesSetgid ? 0o2000 : 0)
}

const runsWithPowers = (volume: Volume, inode: Inode): boolean => inode.type !== 'directory' && (inode.mode & powersOf(volume, inode)) !== 0

/** Sets both times. @throws FsError EPERM */
export function changeTimes(volume: Volume, inode: Inode, atime: TimeLike, mtime: TimeLike, call: Call): void {
  const atimeNs = nanoseconds(atime)
  const mtimeNs = nanoseconds(mtime)
  if (!owns(volume, inode)) throw fail('EPERM', call)
  copyUp(inode)
  inode.atimeNs = atimeNs
  inode.mtimeNs = mtimeNs
  inode.ctimeNs = volume.nowNs()
}

/** @throws FsError EACCES unless the mode's R, W and X bits are all given */
export function checkAccess(volume: Volume, inode: Inode, mode: number, call: Call): void {
  if ((mode & ~7) !== 0) throw fail('EINVAL', call)
  if (!may(volume, inode, mode)) throw fail('EACCES', call)
}

/** What write(2) and truncate(2) do to a file's attributes. */
export function touchContent(volume: Volume, inode: Inode): void {
  const nowNs = volume.nowNs()
  dropPrivileges(volume, inode, false)
  inode.mtimeNs = nowNs
  inode.ctimeNs = nowNs
}

function idOf(id: number, name: string): number {
  if (!Number.isInteger(id) || id < -1 || id > KEEP) throw new RangeError(`${name} must be an integer from -1 to ${KEEP}, not ${id}`)
  return id === -1 ? KEEP : id
}

function nanoseconds(time: TimeLike): bigint {
  if (typeof time === 'bigint') return time
  const seconds = time instanceof Date ? time.getTime() / 1000 : Number(time)
  if (!Number.isFinite(seconds) || (typeof time === 'string' && time.trim() === '')) throw new TypeError(`not a time: ${String(time)}`)
  const whole = Math.floor(seconds)
  // A double holds microseconds of this century and no more.
  return BigInt(whole) * 1_000_000_000n + BigInt(Math.round((seconds - whole) * 1e6)) * 1000n
}
