// readdir of node:fs: the merged directory, in the order of the names' bytes so that it never depends on history.
import { comparePaths, joinPath } from '../core/index.js'
import { demand, READ } from './access.js'
import { fail } from './fail.js'
import type { DirectoryInode } from './inode.js'
import { Dirent } from './stats.js'
import type { Volume } from './volume.js'
import { find } from './walk.js'

/** Names in a directory with their types; with `recursive` also what is below, parents first (links are not followed). */
export function list(volume: Volume, path: string, recursive: boolean): { dirents: Dirent[]; paths: string[] } {
  const call = { syscall: 'scandir', path }
  const top = find(volume, path, true, call)
  if (top.type !== 'directory') throw fail('ENOTDIR', call)
  const dirents: Dirent[] = []
  const paths: string[] = []
  const stack: { directory: DirectoryInode; parentPath: string; prefix: string }[] = [{ directory: top, parentPath: path, prefix: '' }]
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    demand(volume, at.directory, READ, call)
    const below: typeof stack = []
    for (const name of sortedNames(at.directory)) {
      const { inode } = at.directory.children.get(name)!
      const relative = at.prefix === '' ? name : `${at.prefix}/${name}`
      dirents.push(new Dirent(name, at.parentPath, inode.type))
      paths.push(relative)
      if (recursive && inode.type === 'directory')
        below.push({ directory: inode, parentPath: joinPath(at.parentPath.replace(/(.)\/+$/, '$1'), name), prefix: relative })
    }
    stack.push(...below.reverse())
  }
  return { dirents, paths }
}

const sortedNames = (directory: DirectoryInode): string[] => {
  const names = [...directory.children.keys()]
  return names.some((name) => /[\ud800-\udfff]/.test(name)) ? names.sort(comparePaths) : names.sort()
}
