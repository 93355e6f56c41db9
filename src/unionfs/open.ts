// open(2): finds or makes a file, and gives a handle on it.
import { demand, READ, WRITE } from './access.js'
import { touchContent } from './attributes.js'
import { create } from './create.js'
import { type Call, fail } from './fail.js'
import { FileHandle } from './file-handle.js'
import type { DirectoryInode, FileInode } from './inode.js'
import { type OpenFlags, parseFlags } from './open-flags.js'
import { copyUp } from './tree.js'
import type { Volume } from './volume.js'
import { existing, type Follow, type Spot, walk } from './walk.js'

/** A handle on `path`. `mode` is a new file's, without the umask's bits. */
export async function open(volume: Volume, path: string, flags: string | number, mode: number): Promise<FileHandle> {
  const parsed = parseFlags(flags)
  return new FileHandle(volume, await openInode(volume, path, parsed, mode), parsed, path)
}

/** What open(2) opens, made or cut to nothing as the flags say. */
export async function openInode(volume: Volume, path: string, flags: OpenFlags, mode: number): Promise<FileInode | DirectoryInode> {
  const call = { syscall: 'open', path }
  if (flags.create && flags.directory) throw fail('EINVAL', call)
  const spot = walk(volume, path, followOf(flags), call)
  // A name with a slash behind it is never made, and never opened with O_CREAT.
  if (flags.create && spot.last === 'name' && spot.slash) throw fail('EISDIR', call)
  if (spot.tooLong) throw fail('ENAMETOOLONG', call)
  if (flags.create && spot.inode === undefined)
    return create(volume, spot, { type: 'file' }, mode & 0o7777 & ~volume.umask, call) as FileInode
  const inode = checked(volume, spot, flags, call)
  if (flags.truncate && inode.type === 'file') {
    await inode.data.exclusive(() => {
      copyUp(inode)
      inode.data.truncate(0)
      touchContent(volume, inode)
    })
  }
  return inode
}

function followOf({ create, exclusive, noFollow }: OpenFlags): Follow {
  if (create) return exclusive || noFollow ? 'later' : 'create'
  return noFollow ? 'slash' : 'always'
}

/** What is there already, if it may be opened so. The order of the checks is that of do_open() and may_open(). */
function checked(volume: Volume, spot: Spot, flags: OpenFlags, call: Call): FileInode | DirectoryInode {
  if (flags.create) {
    if (flags.exclusive) throw fail('EEXIST', call)
    if (spot.inode?.type === 'directory') throw fail('EISDIR', call)
  }
  const inode = existing(spot, call)
  if (flags.directory && inode.type !== 'directory') throw fail('ENOTDIR', call)
  if (inode.type === 'symlink') throw fail('ELOOP', call)
  if (inode.type === 'directory' && (flags.write || flags.truncate)) throw fail('EISDIR', call)
  demand(volume, inode, (flags.read ? READ : 0) | (flags.write || flags.truncate ? WRITE : 0), call)
  // Nobody is at the other end: a view has no drivers and no processes.
  if (inode.type !== 'file' && inode.type !== 'directory') throw fail('ENXIO', call)
  return inode
}
