// rename(2) on the merged tree: a directory moves with all its layers, as overlayfs does with redirect_dir=on.
import { demand, demandCreate, demandRemove, WRITE } from './access.js'
import { type Call, fail } from './fail.js'
import { type Dentry, type DirectoryInode, type Inode, parentOf } from './inode.js'
import { addName, removeName } from './tree.js'
import type { Volume } from './volume.js'
import { type Spot, walk } from './walk.js'

/** Moves `path` to `newPath`, over whatever of the same kind is there. Two names of one file: nothing happens. */
export function rename(volume: Volume, path: string, newPath: string): void {
  const call = { syscall: 'rename', path, dest: newPath }
  const from = walk(volume, path, 'later', call)
  const to = walk(volume, newPath, 'later', call)
  const source = checked(from, to, call)
  const target = to.dentry
  if (source.inode === target?.inode) return
  demandRemove(volume, from.directory, source.inode, call)
  if (target === undefined) demandCreate(volume, to.directory, call)
  else checkTarget(volume, to, source.inode, target, call)
  // A directory that gets another parent has its `..` changed: that is a write to it.
  if (source.inode.type === 'directory' && from.directory !== to.directory) demand(volume, source.inode, WRITE, call)
  const nowNs = volume.nowNs()
  if (target !== undefined) removeName(target, nowNs)
  removeName(source, nowNs)
  addName(to.directory, to.name, source.inode, nowNs)
}

/** The checks that do not look at permissions, in the kernel's order (do_renameat2). */
function checked(from: Spot, to: Spot, call: Call): Dentry {
  if (from.last === 'dots' || to.last === 'dots') throw fail('EBUSY', call)
  const source = from.dentry
  if (from.tooLong) throw fail('ENAMETOOLONG', call)
  if (source === undefined) throw fail('ENOENT', call)
  if (to.tooLong) throw fail('ENAMETOOLONG', call)
  const { inode } = source
  if (inode.type !== 'directory' && (from.slash || to.slash)) throw fail('ENOTDIR', call)
  if (inode.type === 'directory' && isAbove(inode, to.directory)) throw fail('EINVAL', call)
  const replaced = to.inode
  if (replaced?.type === 'directory' && isAbove(replaced, from.directory)) throw fail('ENOTEMPTY', call)
  return source
}

function checkTarget(volume: Volume, to: Spot, source: Inode, target: Dentry, call: Call): void {
  demandRemove(volume, to.directory, target.inode, call)
  if (source.type === 'directory') {
    if (target.inode.type !== 'directory') throw fail('ENOTDIR', call)
    if (target.inode.children.size > 0) throw fail('ENOTEMPTY', call)
  } else if (target.inode.type === 'directory') throw fail('EISDIR', call)
}

/** Whether `above` is `directory` or a directory that it lies in. */
function isAbove(above: DirectoryInode, directory: DirectoryInode): boolean {
  for (let at = directory; ; at = parentOf(at)) {
    if (at === above) return true
    if (parentOf(at) === at) return false
  }
}
