// Names taken away: unlink(2), rmdir(2), and rm of node:fs.
import { FsError } from '../core/index.js'
import { demandRemove } from './access.js'
import { type Call, fail } from './fail.js'
import type { DirectoryInode } from './inode.js'
import { removeName } from './tree.js'
import type { Volume } from './volume.js'
import { type Spot, walk } from './walk.js'

/** unlink(2): any name but a directory's. The content stays for those who have it open. */
export function unlink(volume: Volume, path: string): void {
  const call = { syscall: 'unlink', path }
  const { last, dentry, directory, slash } = walk(volume, path, 'parent', call)
  if (last === 'dots') throw fail('EISDIR', call)
  if (dentry === undefined) throw fail('ENOENT', call)
  if (slash) throw fail(dentry.inode.type === 'directory' ? 'EISDIR' : 'ENOTDIR', call)
  demandRemove(volume, directory, dentry.inode, call)
  if (dentry.inode.type === 'directory') throw fail('EISDIR', call)
  removeName(dentry, volume.nowNs())
}

/** rmdir(2): an empty directory, and never the root. */
export function removeDirectory(volume: Volume, path: string): void {
  const call = { syscall: 'rmdir', path }
  const { last, name, dentry, directory } = walk(volume, path, 'parent', call)
  if (last === 'dots') throw fail(name === '.' ? 'EINVAL' : name === '..' ? 'ENOTEMPTY' : 'EBUSY', call)
  if (dentry === undefined) throw fail('ENOENT', call)
  demandRemove(volume, directory, dentry.inode, call)
  if (dentry.inode.type !== 'directory') throw fail('ENOTDIR', call)
  if (dentry.inode.children.size > 0) throw fail('ENOTEMPTY', call)
  removeName(dentry, volume.nowNs())
}

/** rm of node:fs: a file, or with `recursive` a whole tree; `force` finds nothing missing. */
export function remove(volume: Volume, path: string, options: { recursive: boolean; force: boolean }): void {
  const call = { syscall: 'rm', path }
  const spot = options.force ? walkIfThere(volume, path, call) : walk(volume, path, 'parent', call)
  if (spot === undefined) return
  if (spot.last === 'dots') throw fail(spot.inode === volume.tree.root ? 'EBUSY' : 'EINVAL', call)
  const { dentry, directory } = spot
  if (dentry === undefined) {
    if (options.force) return
    throw fail('ENOENT', call)
  }
  const { inode } = dentry
  if (inode.type === 'directory' && !options.recursive) throw fail('EISDIR', call)
  if (inode.type !== 'directory' && spot.slash) throw fail('ENOTDIR', call)
  if (inode.type === 'directory') empty(volume, inode, call)
  demandRemove(volume, directory, inode, call)
  removeName(dentry, volume.nowNs())
}

function walkIfThere(volume: Volume, path: string, call: Call): Spot | undefined {
  try {
    return walk(volume, path, 'parent', call)
  } catch (error) {
    if (error instanceof FsError && error.code === 'ENOENT') return undefined
    throw error
  }
}

// Without recursion: a layer may nest directories as deep as it likes.
function empty(volume: Volume, top: DirectoryInode, call: Call): void {
  const stack = [top]
  for (let directory = stack.at(-1); directory !== undefined; directory = stack.at(-1)) {
    let descended = false
    for (const dentry of [...directory.children.values()]) {
      const { inode } = dentry
      if (inode.type === 'directory' && inode.children.size > 0) {
        stack.push(inode)
        descended = true
        break
      }
      demandRemove(volume, directory, inode, call)
      removeName(dentry, volume.nowNs())
    }
    if (!descended) stack.pop()
  }
}
