// Owner, attributes, mode and time of something just made, in the one order that keeps all of them.
import { ERRNO, FormatError, SyscallError } from '../../core/index.js'
import type { InodeEntry } from '../../layer/entry.js'
import { native } from '../../native/index.js'
import type { IdMode } from '../paths.js'

/** What every inode carries. */
export type Metadata = Pick<InodeEntry, 'path' | 'mode' | 'uid' | 'gid' | 'mtimeNs' | 'xattrs'>

/** What the disk could not take: by image path. Stands beside the layer, and is read by whoever shows or commits it. */
export interface Unapplied {
  /** Owners, where all files are the caller's; root's own are left out. */
  readonly owners: Record<string, readonly [uid: number, gid: number]>
  /** Names of attributes that were not set. */
  readonly xattrs: Record<string, readonly string[]>
  /** Devices that were not made. */
  readonly devices: Record<
    string,
    { readonly type: 'char' | 'block'; readonly major: number; readonly minor: number; readonly mode: number }
  >
}

/** Nothing unapplied yet. */
export const allApplied = (): Unapplied => ({ owners: {}, xattrs: {}, devices: {} })

/** (uid_t)-1 means "leave as it is". */
const MAX_ID = 0xffff_fffe
/** Overlayfs reads these from its layers: an image that brings its own could hide or redirect what the layers below hold. */
export const OVERLAY_XATTR = /^(user|trusted)\.overlay\./
const PRIVILEGED = /^(security|trusted)\./

/** Applies `of` to the inode at (`fd`, `name`); an empty name is the fd itself. */
export function applyMetadata(
  fd: number,
  name: Uint8Array,
  of: Metadata,
  type: InodeEntry['type'],
  idMode: IdMode,
  unapplied: Unapplied,
): void {
  for (const id of [of.uid, of.gid]) {
    if (!Number.isInteger(id) || id < 0 || id > MAX_ID) throw new FormatError(`${of.path}: no user or group can have the id ${id}`)
  }
  // chown before chmod and before security.capability: the kernel clears setuid bits and capabilities on chown(2).
  delete unapplied.owners[of.path]
  delete unapplied.xattrs[of.path]
  // What was just made is root's; a directory may be older.
  const isOwned = of.uid === 0 && of.gid === 0 && type !== 'directory' && process.getegid?.() === 0
  if (idMode === 'root' && !isOwned) native().fchownat(fd, name, of.uid, of.gid)
  else if (of.uid !== 0 || of.gid !== 0) unapplied.owners[of.path] = [of.uid, of.gid]
  const names = Object.keys(of.xattrs).filter((xattr) => !OVERLAY_XATTR.test(xattr))
  // user.* needs write permission, which the mode may take away from an owner who is not root; an ACL changes the mode's group bits, so it comes after.
  for (const xattr of names) if (xattr.startsWith('user.')) applyXattr(fd, name, of, xattr, idMode, unapplied)
  if (type !== 'symlink') native().fchmodat(fd, name, of.mode)
  for (const xattr of names) if (!xattr.startsWith('user.')) applyXattr(fd, name, of, xattr, idMode, unapplied)
  native().utimensat(fd, name, of.mtimeNs)
}

function applyXattr(fd: number, name: Uint8Array, of: Metadata, xattr: string, idMode: IdMode, unapplied: Unapplied): void {
  if (idMode !== 'root' && PRIVILEGED.test(xattr)) {
    leave(of.path, xattr, unapplied)
    return
  }
  try {
    native().setxattr(fd, name, xattr, of.xattrs[xattr]!)
  } catch (error) {
    // The file system has none of this kind, or not on this type of file.
    if (!(error instanceof SyscallError) || (error.errno !== ERRNO.EOPNOTSUPP && error.errno !== ERRNO.EPERM)) throw error
    leave(of.path, xattr, unapplied)
  }
}

function leave(path: string, xattr: string, unapplied: Unapplied): void {
  unapplied.xattrs[path] = [...(unapplied.xattrs[path] ?? []), xattr]
}

/** Removes what attributes an existing inode has: an entry replaces all of what was. */
export function clearXattrs(fd: number, name: Uint8Array): void {
  for (const xattr of native().listxattr(fd, name)) {
    if (!xattr.startsWith('user.') && xattr !== 'security.capability' && !xattr.startsWith('trusted.')) continue
    native().removexattr(fd, name, xattr)
  }
}
