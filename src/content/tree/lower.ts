// What the layers below show at a path: overlayfs's own lookup (kernel Documentation/filesystems/overlayfs.rst), read from the unpacked layers.
import { readSync } from 'node:fs'
import { decodePath, FormatError } from '../../core/index.js'
import type { InodeEntry } from '../../layer/entry.js'
import { type NativeStat, native } from '../../native/index.js'
import { O_RDONLY, S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG } from '../linux.js'
import type { Beneath } from './beneath.js'
import { type Metadata, OVERLAY_XATTR, type Unapplied } from './metadata.js'

/** One unpacked layer. */
export interface UnpackedTree {
  readonly tree: Beneath
  readonly unapplied: Unapplied
}

const CHUNK_BYTES = 256 * 1024

/** Whether this is overlayfs's whiteout. */
export const isWhiteout = (stat: NativeStat): boolean => (stat.mode & S_IFMT) === S_IFCHR && stat.rdevMajor === 0 && stat.rdevMinor === 0

/** The entry that the layers (the topmost first) show at `path`; undefined where there is nothing. */
export function findLower(layers: readonly UnpackedTree[], path: string): InodeEntry | undefined {
  for (const layer of layers) {
    const found = look(layer, path)
    if (found === 'hidden') return undefined
    if (found !== 'absent') return entryAt(layer, path, found)
  }
  return undefined
}

/** Walks one layer. `hidden`: no lower layer can show anything at `path` either. */
function look(layer: UnpackedTree, path: string): NativeStat | 'absent' | 'hidden' {
  let sealed = false
  for (const at of [...ancestors(path), path]) {
    const stat = layer.tree.lstat(at)
    if (stat === undefined) return sealed ? 'hidden' : 'absent'
    if (isWhiteout(stat)) return 'hidden'
    if (at === path) return stat
    if ((stat.mode & S_IFMT) !== S_IFDIR) return 'hidden'
    const { fd, name } = layer.tree.at(at)
    sealed ||= native().getxattr(fd, name, 'user.overlay.opaque') !== undefined
  }
  return 'absent'
}

/** The directories that `path` is in, the root first. */
export function ancestors(path: string): string[] {
  const out: string[] = path === '/' ? [] : ['/']
  for (let slash = path.indexOf('/', 1); slash > 0; slash = path.indexOf('/', slash + 1)) out.push(path.slice(0, slash))
  return out
}

function entryAt(layer: UnpackedTree, path: string, stat: NativeStat): InodeEntry {
  const of = metadataOf(layer, path, stat)
  switch (stat.mode & S_IFMT) {
    case S_IFREG:
      return { ...of, type: 'file', size: Number(stat.size), content: () => contentOf(layer.tree, path) }
    case S_IFDIR:
      return { ...of, type: 'directory' }
    case S_IFLNK: {
      const { fd, name } = layer.tree.at(path)
      return { ...of, type: 'symlink', target: decodePath(native().readlinkat(fd, name)) }
    }
    case S_IFIFO:
      return { ...of, type: 'fifo' }
    case S_IFCHR:
      return { ...of, type: 'char', major: stat.rdevMajor, minor: stat.rdevMinor }
    case S_IFBLK:
      return { ...of, type: 'block', major: stat.rdevMajor, minor: stat.rdevMinor }
    default:
      throw new FormatError(`${path}: a layer cannot hold a socket`)
  }
}

function metadataOf({ tree, unapplied }: UnpackedTree, path: string, stat: NativeStat): Metadata {
  const { fd, name } = tree.at(path)
  const xattrs: Record<string, Uint8Array> = {}
  for (const xattr of native().listxattr(fd, name)) {
    const value = OVERLAY_XATTR.test(xattr) ? undefined : native().getxattr(fd, name, xattr)
    if (value !== undefined) xattrs[xattr] = value
  }
  const [uid, gid] = unapplied.owners[path] ?? [stat.uid, stat.gid]
  return { path, mode: stat.mode & 0o7777, uid, gid, mtimeNs: stat.mtimeNs, xattrs }
}

async function* contentOf(tree: Beneath, path: string): AsyncGenerator<Uint8Array> {
  const fd = tree.open(path, O_RDONLY)
  try {
    for (;;) {
      const buffer = new Uint8Array(CHUNK_BYTES)
      const length = readSync(fd, buffer)
      if (length === 0) return
      yield buffer.subarray(0, length)
    }
  } finally {
    native().close(fd)
  }
}
