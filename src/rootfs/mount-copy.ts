// access: 'copy': an overlay over the source for each file system in it. A single file is shown out of an overlay over its directory.
import { basename, dirname } from 'node:path'
import { createSha256 } from '#hash'
import { joinPath, UnsupportedError, utf8 } from '../core/index.js'
import { OP, type Step, step } from '../native/index.js'
import { type MountSource, mountSource } from './mount-source.js'
import { type MountedAt, mountsBelow } from './mountinfo.js'
import { ATTR, HOW, type OverlayTree, openTree, overlay, type TreeSource } from './plan.js'
import { type MountPoint, pointSteps } from './skeleton.js'

/** One overlay of a 'copy' mount. */
export interface CopyTree {
  /** Path inside. */
  readonly path: string
  /** The path inside of the mount that it belongs to. */
  readonly mount: string
  /** The lower directory on the host. */
  readonly directory: string
  /** Name in it of the one file that is shown; undefined: all of it. */
  readonly file: string | undefined
}

/** The overlays that make a copy of `from`: a kernel's overlay shows nothing of what is mounted below its lower directory.
 *  @throws UnsupportedError where this user's namespaces cannot have them */
export function copyTrees(path: string, from: MountSource, source: TreeSource, mounts: readonly MountedAt[]): CopyTree[] {
  if (from.kind === 'file') return [copyFile(path, path, from.path, source, mounts)]
  const below = [...new Set(mountsBelow(from.path, mounts).map(({ point }) => point))]
  // Mounts that a user namespace was given cannot be taken apart: what they hide would come to light.
  if (below.length > 0 && !source.isIdmapped)
    throw new UnsupportedError(`mounts: 'copy' of ${from.path}, in which ${below[0]} is mounted`, {
      remedy: "copy parts that have nothing mounted below, use access: 'read', or start the host process as root",
    })
  const submounts = below.map((point) => {
    const inner = joinPath(path, point.slice(from.path === '/' ? 1 : from.path.length + 1))
    return mountSource(point).kind === 'file'
      ? copyFile(inner, path, point, source, mounts)
      : { path: inner, mount: path, directory: point, file: undefined }
  })
  return [{ path, mount: path, directory: from.path, file: undefined }, ...submounts]
}

function copyFile(path: string, mount: string, file: string, source: TreeSource, mounts: readonly MountedAt[]): CopyTree {
  const directory = dirname(file)
  const isMount = mounts.some(({ point }) => point === file)
  if (isMount || (!source.isIdmapped && mountsBelow(directory, mounts).length > 0))
    throw new UnsupportedError(`mounts: 'copy' of the file ${file}, ${isMount ? 'which is' : 'beside which something is'} mounted`, {
      remedy: 'copy it to another directory first, or use copyIn',
    })
  return { path, mount, directory, file: basename(file) }
}

/** What the overlay's directories in the scratch directory are called: the same in every fork. */
function nameOf({ path }: CopyTree): string {
  const hash = createSha256()
  hash.update(utf8(path))
  return `m${hash.hex().slice(0, 16)}`
}

interface CopyInput {
  readonly slot: number
  readonly source: TreeSource
  readonly snapshots: readonly string[]
  /** Paths in it that something else will be mounted on: making them is no change. */
  readonly points: readonly MountPoint[]
}

/** Steps that leave the overlay, or the file of it, in `slot`. */
export function copyMount(
  copy: CopyTree,
  { slot, source, snapshots, points }: CopyInput,
): { prepare: readonly Step[]; build: readonly Step[]; tree: OverlayTree } {
  const { path, mount, directory, file } = copy
  const name = nameOf(copy)
  const [lower, merged, skeleton] = [`c/${name}`, `c/${name}r`, `c/${name}k`]
  const tree = openTree(source, slot, directory, { how: HOW.noLinks, attributes: ATTR.noSuid | ATTR.noDev })
  const lowers = [lower, ...(points.length > 0 ? [skeleton] : [])]
  const relative = path === mount ? '/' : path.slice(mount.length)
  return {
    prepare: tree.prepare,
    build: [
      ...tree.build,
      ...[lower, merged, ...(points.length > 0 ? [skeleton] : [])].map((made) => step(OP.mkdir, [0o755], made)),
      step(OP.attach, [slot, 2], lower),
      ...pointSteps(skeleton, points),
      ...overlay(merged, lowers, { name, mode: 0o755, scratch: '', snapshots: snapshots.length }),
      step(OP.tree, [slot, 0, ATTR.noSuid | ATTR.noDev], file === undefined ? merged : `${merged}/${file}`),
    ],
    tree: {
      path: file === undefined ? relative : dirname(relative),
      mount,
      ...(file === undefined ? {} : { shownAs: basename(path) }),
      upper: name,
      lowers: [directory],
      masked: [],
    },
  }
}
