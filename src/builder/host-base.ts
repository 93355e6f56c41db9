// The host's own system as a base: its directories are there and its links count, but nothing of it gets into a layer.
import { lstat, readlink } from 'node:fs/promises'
import { decodePath } from '../core/index.js'
import { hostPath } from './host-file.js'
import type { Base } from './tree.js'

/** What of the host a sandbox shows; see docs/sandbox.md. */
const SHOWN = /^\/(usr|bin|sbin|lib[a-z0-9]*|etc|opt)(\/|$)/

/** Looks at the host itself, each time. */
export const hostBase: Base = {
  async find(path) {
    if (path === '/') return { type: 'plain directory' }
    if (!SHOWN.test(path)) return undefined
    try {
      const found = await lstat(hostPath(path))
      if (found.isDirectory()) return { type: 'plain directory' }
      const common = { path, mode: found.mode & 0o7777, uid: found.uid, gid: found.gid, mtimeNs: 0n, xattrs: {} }
      if (found.isSymbolicLink()) {
        return { ...common, type: 'symlink', target: decodePath(await readlink(hostPath(path), { encoding: 'buffer' })) }
      }
      return { ...common, type: 'fifo' }
    } catch (error) {
      if (['ENOENT', 'ENOTDIR', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
      throw error
    }
  },
}
