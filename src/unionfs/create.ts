// New names: mkdir(2), symlink(2), link(2), mknod(2).
import { encodePath } from '../core/index.js'
import { demandCreate, inGroup, may, owns, READ, WRITE } from './access.js'
import { type Call, fail } from './fail.js'
import { FileData } from './file-data.js'
import type { DirectoryInode, Inode } from './inode.js'
import { addName, inodeBase } from './tree.js'
import type { Volume } from './volume.js'
import { find, type Spot, walk } from './walk.js'

type Special = { readonly type: 'fifo' } | { readonly type: 'char' | 'block'; readonly major: number; readonly minor: number }
type New = { readonly type: 'file' } | { readonly type: 'directory' } | { readonly type: 'symlink'; readonly target: string } | Special

/** A new inode at a free spot: owner and setgid come from caller and directory, as inode_init_owner() of the kernel does. */
export function create(volume: Volume, spot: Spot, what: New, mode: number, call: Call): Inode {
  const parent = spot.directory
  // Where a directory was removed while its spot was being found, nothing new may appear.
  if (parent.names.length === 0) throw fail('ENOENT', call)
  demandCreate(volume, parent, call)
  const { uid, gid } = volume.credentials
  const nowNs = volume.nowNs()
  const inherits = (parent.mode & 0o2000) !== 0
  const owned = { uid, gid: inherits ? parent.gid : gid, mode: inherits ? inheritedMode(volume, parent, what, mode) : mode }
  const base = inodeBase(volume.tree.nextIno++, { ...owned, mtimeNs: nowNs, xattrs: {} }, false, nowNs)
  const inode = makeInode(what, base)
  addName(parent, spot.name, inode, nowNs)
  return inode
}

function makeInode(what: New, base: ReturnType<typeof inodeBase>): Inode {
  switch (what.type) {
    case 'file':
      return { ...base, type: 'file', data: new FileData() }
    case 'directory':
      return { ...base, type: 'directory', children: new Map() }
    case 'symlink':
      return { ...base, type: 'symlink', target: what.target }
    case 'char':
    case 'block':
      return { ...base, type: what.type, major: what.major, minor: what.minor }
    case 'fifo':
      return { ...base, type: 'fifo' }
  }
}

function inheritedMode(volume: Volume, parent: DirectoryInode, what: New, mode: number): number {
  if (what.type === 'directory') return mode | 0o2000
  const runsAsGroup = (mode & 0o2010) === 0o2010
  return runsAsGroup && !inGroup(volume, parent.gid) ? mode & ~0o2000 : mode
}

/** A spot for a new name. @throws FsError EEXIST; ENOENT where a slash follows, which only a directory may have */
function freeSpot(volume: Volume, path: string, directory: boolean, call: Call): Spot {
  const spot = walk(volume, path, 'parent', call)
  if (spot.last === 'dots' || spot.inode !== undefined) throw fail('EEXIST', call)
  if (spot.slash && !directory) throw fail('ENOENT', call)
  return spot
}

/** mkdir(2). `mode` without the umask's bits. */
export function makeDirectory(volume: Volume, path: string, mode: number): void {
  const call = { syscall: 'mkdir', path }
  create(volume, freeSpot(volume, path, true, call), { type: 'directory' }, mode & 0o1777 & ~volume.umask, call)
}

/** mkdir with all parents, as node:fs does. The first directory made, or undefined. @throws FsError EEXIST, ENOTDIR where something else is in the way */
export function makeDirectories(volume: Volume, path: string, mode: number): string | undefined {
  const call = { syscall: 'mkdir', path }
  let first: string | undefined
  const parts = path.split('/')
  for (let count = 1; count <= parts.length; count++) {
    const upTo = parts.slice(0, count).join('/')
    const part = parts[count - 1]
    if (part === '' || part === '.' || part === '..') continue
    const spot = walk(volume, upTo, 'always', call)
    if (spot.inode === undefined) {
      create(volume, spot, { type: 'directory' }, mode & 0o1777 & ~volume.umask, call)
      first ??= upTo
    } else if (spot.inode.type !== 'directory') throw fail(count === parts.length ? 'EEXIST' : 'ENOTDIR', call)
  }
  if (path === '') throw fail('ENOENT', call)
  return first
}

/** symlink(2): `target` is stored as it is. */
export function makeSymlink(volume: Volume, target: string, path: string): void {
  const call = { syscall: 'symlink', path: target, dest: path }
  if (typeof target !== 'string' || target.includes('\0')) throw new TypeError('symlink: a target must be a string without NUL')
  if (target === '') throw fail('ENOENT', call)
  if (encodePath(target).length >= 4096) throw fail('ENAMETOOLONG', call)
  create(volume, freeSpot(volume, path, false, call), { type: 'symlink', target }, 0o777, call)
}

/** link(2): the last part of `path` is not followed. */
export function makeLink(volume: Volume, path: string, newPath: string): void {
  const call = { syscall: 'link', path, dest: newPath }
  const inode = find(volume, path, false, call)
  const spot = freeSpot(volume, newPath, false, call)
  if (!owns(volume, inode) && !isSafeToLink(volume, inode)) throw fail('EPERM', call)
  demandCreate(volume, spot.directory, call)
  if (inode.type === 'directory') throw fail('EPERM', call)
  addName(spot.directory, spot.name, inode, volume.nowNs())
}

// /proc/sys/fs/protected_hardlinks, which every distribution sets: no name for what one could not write, or what runs with its owner's powers.
function isSafeToLink(volume: Volume, inode: Inode): boolean {
  const runsAsOwner = (inode.mode & 0o4000) !== 0 || (inode.mode & 0o2010) === 0o2010
  return inode.type === 'file' && !runsAsOwner && may(volume, inode, READ | WRITE)
}

/** mknod(2) for what an image can hold beside files, directories and links. */
export function makeSpecial(volume: Volume, path: string, what: Special, mode: number): void {
  const call = { syscall: 'mknod', path }
  const spot = freeSpot(volume, path, false, call)
  if (what.type !== 'fifo' && !volume.privileged) throw fail('EPERM', call)
  create(volume, spot, what, mode & 0o7777 & ~volume.umask, call)
}
