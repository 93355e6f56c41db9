// Where `copy` reads from: one small interface over the host, an image or a union view.
import { lstat, readdir, readlink, realpath, stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { hostXattrs } from '../../content/index.js'
import { comparePaths, decodePath, encodePath, imagePath, joinPath } from '../../core/index.js'
import type { UnionFs } from '../../unionfs/index.js'
import { hostContent, hostPath, unreadable } from '../host-file.js'

/** One thing that could be copied. */
export type SourceEntry = {
  readonly mode: number
  readonly linkId?: string | undefined
  readonly xattrs: Readonly<Record<string, Uint8Array>>
} & (
  | { readonly type: 'file'; readonly size: number }
  | { readonly type: 'symlink'; readonly target: string }
  | { readonly type: 'directory' | 'fifo' | 'other' }
)

const OVERLAY_XATTR = /^(user|trusted)\.overlay\./

/** A file or a tree. Paths are relative to its top, '' is the top itself. */
export interface CopySource {
  /** Name of the top. */
  readonly name: string
  lstat(path: string): Promise<SourceEntry>
  /** Names, sorted by their bytes. */
  readdir(path: string): Promise<readonly string[]>
  read(path: string): AsyncIterable<Uint8Array>
  /** Gives back what reading took, once all contents have been read. */
  close(): Promise<void>
}

/** A path of the host. A link at the top is followed; those below it only with `followLinks`. */
export function hostSource(from: string, followLinks: boolean): CopySource {
  const root = resolve(from)
  const at = (path: string): string => (path === '' ? root : `${root}/${path}`)
  const reading = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      throw unreadable('copy', at(path), error)
    }
  }
  return {
    name: basename(root),
    lstat: (path) => reading(path, () => hostEntry(at(path), followLinks || path === '')),
    readdir: (path) =>
      reading(path, async () => {
        const names = await readdir(hostPath(at(path)), { encoding: 'buffer' })
        return names.map((name) => decodePath(name)).sort(comparePaths)
      }),
    read: (path) => hostContent(at(path)),
    close: async () => undefined,
  }
}

async function hostEntry(path: string, follow: boolean): Promise<SourceEntry> {
  const found = await (follow ? stat : lstat)(hostPath(path))
  const mode = found.mode & 0o7777
  const xattrs = hostXattrs(follow ? encodePath(decodePath(await realpath(hostPath(path), { encoding: 'buffer' }))) : encodePath(path))
  if (found.isDirectory()) return { type: 'directory', mode, xattrs }
  if (found.isSymbolicLink())
    return { type: 'symlink', mode: 0o777, xattrs, target: decodePath(await readlink(hostPath(path), { encoding: 'buffer' })) }
  const linkId = found.nlink > 1 ? `${found.dev}:${found.ino}` : undefined
  if (found.isFile()) return { type: 'file', mode, xattrs, size: found.size, linkId }
  return { type: found.isFIFO() ? 'fifo' : 'other', mode, xattrs }
}

/** A path of a union view (of an image, say), which keeps its own links' meaning. */
export function unionSource(view: UnionFs, from: string, followLinks: boolean): CopySource {
  const root = imagePath(from)
  const at = (path: string): string => (path === '' ? root : joinPath(root, path))
  return {
    name: root.slice(root.lastIndexOf('/') + 1),
    async lstat(path) {
      const followSymlinks = followLinks || path === ''
      const found = await (followSymlinks ? view.stat(at(path)) : view.lstat(at(path)))
      const mode = Number(found.mode) & 0o7777
      const xattrs: Record<string, Uint8Array> = {}
      for (const name of await view.listxattr(at(path), { followSymlinks })) {
        if (!OVERLAY_XATTR.test(name)) xattrs[name] = await view.getxattr(at(path), name, { followSymlinks })
      }
      if (found.isDirectory()) return { type: 'directory', mode, xattrs }
      if (found.isSymbolicLink()) return { type: 'symlink', mode: 0o777, xattrs, target: await view.readlink(at(path)) }
      const linkId = Number(found.nlink) > 1 ? String(found.ino) : undefined
      if (found.isFile()) return { type: 'file', mode, xattrs, size: Number(found.size), linkId }
      return { type: found.isFIFO() ? 'fifo' : 'other', mode, xattrs }
    },
    readdir: async (path) => [...(await view.readdir(at(path)))].sort(comparePaths),
    read: (path) => view.readStream(at(path)),
    close: () => view.close(),
  }
}
