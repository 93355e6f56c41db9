// Where glibc's ld.so looks for a library. Source: ld.so(8): DT_RPATH, DT_RUNPATH, the cache, the default directories. LD_LIBRARY_PATH is the caller's, so it does not count.
import { parentPath } from '../../core/index.js'
import type { Elf } from './elf.js'
import { withHostFile } from './host-file.js'
import type { HostTree } from './host-tree.js'
import { readLdCache } from './ld-cache.js'
import type { Candidate, LoadedFile, Loader } from './loader.js'
import { libNames } from './machine.js'
import { expandPath } from './tokens.js'

/** Where ldconfig keeps what it found. */
const CACHE = '/etc/ld.so.cache'

/** The rules for a program that is linked like `elf`. */
export async function glibcLoader(tree: HostTree, elf: Elf): Promise<Loader> {
  const cache = await readCache(tree)
  const directories = libNames(elf).flatMap((name) => [`/${name}`, `/usr/${name}`])
  const certain = await certainDirectories(tree, elf)

  const isCertain = async (path: string) => {
    const directory = await tree.find(parentPath(path))
    return directory !== undefined && certain.has(directory.path)
  }
  const cached = async (name: string, elf: Elf): Promise<Candidate[]> => {
    const places: Candidate[] = []
    for (const path of cache.get(name) ?? []) {
      const isDefault = await isCertain(path)
      if (!isDefault) places.push({ path, configuration: CACHE })
      else if (!elf.skipsDefaultDirectories) places.push({ path })
    }
    return places
  }
  return {
    provides: () => false,
    async candidates(name, neededBy) {
      const inside = (directory: string): Candidate => ({ path: `${directory}/${name}` })
      return [
        ...inheritedRpath(neededBy).map(inside),
        ...expandPath(neededBy.elf.runpath, neededBy.elf, neededBy.origin).map(inside),
        ...(await cached(name, neededBy.elf)),
        ...(neededBy.elf.skipsDefaultDirectories ? [] : directories.map(inside)),
      ]
    },
  }
}

/** DT_RPATH of the file and of those that loaded it. One with a DT_RUNPATH inherits nothing, and its own DT_RPATH counts for nobody. */
function inheritedRpath(file: LoadedFile): string[] {
  if (file.elf.runpath !== undefined) return []
  const paths: string[] = []
  for (let at: LoadedFile | undefined = file; at !== undefined; at = at.loadedBy) {
    if (at.elf.runpath === undefined) paths.push(...expandPath(at.elf.rpath, at.elf, at.origin))
  }
  return paths
}

async function readCache(tree: HostTree): Promise<Map<string, string[]>> {
  const found = await tree.find(CACHE)
  return found?.kind === 'file' ? withHostFile(found.source, readLdCache) : new Map()
}

/** The directories, without links, that the loader looks into even without a cache. Which ones is compiled into it: Debian's has the multiarch ones
 *  and /lib, others' /lib64. What is left out here by mistake costs an image a cache it does not need; what is in by mistake, a library. */
async function certainDirectories(tree: HostTree, elf: Elf): Promise<Set<string>> {
  const multiarch = libNames(elf).find((name) => name.startsWith('lib/'))
  const hasMultiarch = multiarch !== undefined && (await tree.find(`/usr/${multiarch}`)) !== undefined
  const names = hasMultiarch ? [multiarch, 'lib'] : elf.class === 64 ? ['lib64'] : ['lib']
  const real = new Set<string>()
  for (const path of names.flatMap((name) => [`/${name}`, `/usr/${name}`])) {
    const found = await tree.find(path)
    if (found?.kind === 'directory') real.add(found.path)
  }
  return real
}
