// Which directories to remove, in which order. A group can be removed when it has no processes and no groups beneath it.

import { OWN_LEAF, TRY_PREFIX } from './detect.js'
import { errorCode, nodeCgroupFs } from './fs.js'
import { GROUP_PREFIX } from './plan.js'
import type { CgroupFs, CgroupHost, CgroupPlan } from './types.js'

// cgroup.max.depth of a hostile tree: nobody but a sandbox with a writable hierarchy could make one at all.
const DEPTH_MAX = 32

function treeOf(fs: CgroupFs, directory: string, depth: number): string[] {
  let names: readonly string[]
  try {
    names = fs.readdir(directory).flatMap((entry) => (entry.isDirectory ? [entry.name] : []))
  } catch (error) {
    // Gone already.
    if (errorCode(error) === 'ENOENT') return []
    throw error
  }
  const below = depth >= DEPTH_MAX ? [] : names.flatMap((name) => treeOf(fs, `${directory}/${name}`, depth + 1))
  return [...below, directory]
}

/** The directories of a plan's groups and all groups beneath them, deepest first; those that are gone are left out. */
export const sweepDirectories = (plan: CgroupPlan, fs: CgroupFs = nodeCgroupFs): string[] =>
  plan.groups.flatMap((group) => treeOf(fs, group.directory, 0))

/** Groups of this library beneath the own group in every hierarchy, by sandbox id: what an owner that was killed may have left. */
export function findGroups(host: CgroupHost, fs: CgroupFs = nodeCgroupFs): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const { directory } of host.hierarchies) {
    for (const { name, isDirectory } of fs.readdir(directory)) {
      if (!isDirectory || !name.startsWith(GROUP_PREFIX) || name === OWN_LEAF || name.startsWith(TRY_PREFIX)) continue
      const id = name.slice(GROUP_PREFIX.length)
      found.set(id, [...(found.get(id) ?? []), ...treeOf(fs, `${directory}/${name}`, 0)])
    }
  }
  return found
}
