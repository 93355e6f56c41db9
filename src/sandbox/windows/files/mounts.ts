// Mounts without mounting: Windows shows a directory at a second place only with a driver (BindFlt) that takes an administrator. So what can be copied is
// copied, and what would have to be shared is refused.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { UnsupportedError } from '../../../core/index.js'
import { type MountSource, mountSource } from '../../../rootfs/index.js'
import type { Mount } from '../../types.js'
import type { Scope } from './changes.js'
import { copyAs } from './copy.js'
import { insideNames, sameName } from './inside-path.js'
import { secure } from './security.js'

/** One mount: where it is below the root, and what becomes of writes to it. */
export interface PlacedMount {
  /** As changes() names it. */
  readonly path: string
  /** Names below the root. */
  readonly below: string
  readonly kind: 'read' | 'copy' | 'tmpfs'
  /** Undefined of a tmpfs. */
  readonly source: MountSource | undefined
}

const refused = (path: string, what: string, remedy: string) => new UnsupportedError(`mounts[${JSON.stringify(path)}]: ${what}`, { remedy })

function placed(path: string, mount: Mount): PlacedMount {
  const below = insideNames(path).join('/')
  if ('source' in mount) {
    const { access = 'read', source } = mount
    if (access === 'write')
      throw refused(
        path,
        "access: 'write' is not supported on Windows: a directory shows at a second place only by its BindFlt driver",
        "use access: 'copy' and copyOut, or let the program write at the directory's own path",
      )
    return { path, below, kind: access, source: mountSource(source) }
  }
  if ('tmpfs' in mount) {
    if (mount.sizeMaxBytes !== undefined) throw refused(path, 'sizeMaxBytes: Windows bounds no directory of its own accord', 'leave it out')
    return { path, below, kind: 'tmpfs', source: undefined }
  }
  if ('secret' in mount)
    throw refused(path, 'a secret must not reach the disk, and Windows has no file system in memory', 'pass it by env or input')
  throw refused(path, 'a cache is shared by sandboxes, which on Windows takes its BindFlt driver', "use access: 'copy'")
}

/** Checked before anything is made. @throws UnsupportedError for what Windows cannot do, and why; FsError for hostile paths */
export const placeMounts = (mounts: readonly (readonly [string, Mount])[]): PlacedMount[] =>
  mounts.map(([path, mount]) => placed(path, mount))

/** Whether a path is a mount's, or below one. */
export const isMounted =
  (mounts: readonly PlacedMount[]) =>
  (path: string): boolean =>
    mounts.some(({ below }) => sameName(path) === sameName(below) || sameName(path).startsWith(`${sameName(below)}/`))

/** All files but those of mounts. */
export const outsideMounts = (mounts: readonly PlacedMount[]): Scope => ({
  start: '',
  skip: isMounted(mounts),
  shown: (path) => `/${path}`,
})

/** The files of one mount, by their paths in it; a mounted file by its name. */
export function insideMount({ below, source }: PlacedMount): Scope {
  const parent = below.split('/').slice(0, -1).join('/')
  const start = source?.kind === 'file' ? parent : below
  const skip = (path: string) => source?.kind === 'file' && sameName(path) !== sameName(below)
  return { start, skip, shown: (path) => `/${start === '' ? path : path.slice(start.length + 1)}` }
}

/** Makes a mount below `root`. What it is only to read, the sandbox's integrity may not write. Resolves to the number of links that were left out. */
export async function fillMount(root: string, mount: PlacedMount, container: string | undefined, signal?: AbortSignal): Promise<number> {
  const place = join(root, mount.below)
  const { kind, source } = mount
  if (source === undefined) {
    await mkdir(place, { recursive: true })
    return 0
  }
  // Before anything is in it: files get their label from the directory that they are made in, and keep it.
  const isReadOnlyTree = kind === 'read' && source.kind === 'directory'
  if (isReadOnlyTree) {
    await mkdir(place, { recursive: true })
    secure(place, container, 'medium')
  }
  const { links } = await copyAs(source, place, signal)
  if (kind === 'read' && !isReadOnlyTree) secure(place, container, 'medium')
  return links
}
