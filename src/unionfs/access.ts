// Permissions, as far as they are enforced. Source: path_resolution(7) "Permissions", inode(7) "The sticky bit", Linux fs/namei.c.
import { type Call, fail } from './fail.js'
import type { DirectoryInode, Inode } from './inode.js'
import type { Volume } from './volume.js'

export const READ = 4
export const WRITE = 2
export const EXECUTE = 1

/** Whether the caller may do all of `mask` (READ, WRITE, EXECUTE) to `inode`. */
export function may(volume: Volume, inode: Inode, mask: number): boolean {
  if (volume.privileged) return (mask & EXECUTE) === 0 || inode.type === 'directory' || (inode.mode & 0o111) !== 0
  const { uid, gid, groups } = volume.credentials
  const shift = inode.uid === uid ? 6 : inode.gid === gid || groups.includes(inode.gid) ? 3 : 0
  return ((inode.mode >> shift) & mask) === mask
}

/** @throws FsError EACCES */
export function demand(volume: Volume, inode: Inode, mask: number, call: Call): void {
  if (!may(volume, inode, mask)) throw fail('EACCES', call)
}

/** Whether the caller owns `inode` or is as good as its owner. */
export const owns = (volume: Volume, inode: Inode): boolean => volume.privileged || inode.uid === volume.credentials.uid

/** Whether the caller is in the group of `inode`: who is not loses setgid with each change. */
export function inGroup(volume: Volume, gid: number): boolean {
  const { credentials } = volume
  return volume.privileged || credentials.gid === gid || credentials.groups.includes(gid)
}

/** Whether names may be made in `directory`. @throws FsError EACCES */
export const demandCreate = (volume: Volume, directory: DirectoryInode, call: Call): void =>
  demand(volume, directory, WRITE | EXECUTE, call)

/** Whether the name of `inode` may be taken from `directory`. @throws FsError EACCES, and EPERM in a sticky directory of others */
export function demandRemove(volume: Volume, directory: DirectoryInode, inode: Inode, call: Call): void {
  demand(volume, directory, WRITE | EXECUTE, call)
  if ((directory.mode & 0o1000) !== 0 && !owns(volume, inode) && !owns(volume, directory)) throw fail('EPERM', call)
}
