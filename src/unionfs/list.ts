// readdir of node:fs: the merged directory, in the order of the names' bytes so that it never depends on history.
import { comparePaths, joinPath } from '../core/index.js'
import { demand, READ } from './access.js'
import { type Call, fail } from './fail.js'
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
  // Depth first, as tars are written: who reads the files in this order reads each layer once. No recursion, as depth is the layer's choice.
  const stack = [openLevel(volume, top, path, '', call)]
  for (let at = stack.at(-1); at !== undefined; at = stack.at(-1)) {
    const name = at.names[at.next++]
    if (name === undefined) {
      stack.pop()
      continue
    }
    const { inode } = at.directory.children.get(name)!
    const relative = at.prefix === '' ? name : `${at.prefix}/${name}`
    dirents.push(new Dirent(name, at.parentPath, inode.type))
    paths.push(relative)
    if (recursive && inode.type === 'directory') {
      stack.push(openLevel(volume, inode, joinPath(at.parentPath.replace(/(.)\/+$/, '$1'), name), relative, call))
    }
  }
  return { dirents, paths }
}

interface Level {
  readonly directory: DirectoryInode
  readonly names: readonly string[]
  next: number
  readonly parentPath: string
  readonly prefix: string
}

function openLevel(volume: Volume, directory: DirectoryInode, parentPath: string, prefix: string, call: Call): Level {
  demand(volume, directory, READ, call)
  return { directory, names: sortedNames(directory), next: 0, parentPath, prefix }
}

const sortedNames = (directory: DirectoryInode): string[] => {
  const names = [...directory.children.keys()]
  return names.some((name) => /[\ud800-\udfff]/.test(name)) ? names.sort(comparePaths) : names.sort()
}
