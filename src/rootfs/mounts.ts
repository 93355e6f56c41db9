// User mounts as steps: host trees, tmpfs, secrets. What is mounted is opened before the pivot, and put in its place after it.
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { SyscallError, UnsupportedError } from '../core/index.js'
import { OP, type Step, step } from '../native/index.js'
import { ATTR, type OverlayTree, openTree, overlay, SLOT, type TreeSource } from './plan.js'
import type { MountPoint } from './skeleton.js'

/** A mount as the public options have it, the path inside first. */
export type MountSpec = readonly [
  path: string,
  mount:
    | { readonly source: string; readonly access?: 'read' | 'copy' | 'write' | undefined }
    | { readonly tmpfs: true; readonly sizeMaxBytes?: number | undefined }
    | { readonly cache: string }
    | { readonly secret: string | Uint8Array },
]

/** Steps of all mounts, by when they are done. */
export interface MountPlan {
  readonly prepare: readonly Step[]
  readonly build: readonly Step[]
  readonly attach: readonly Step[]
  readonly trees: readonly OverlayTree[]
  readonly points: readonly MountPoint[]
}

const MOUNTS_MAX = SLOT.hostTrees - SLOT.mounts

function kindOf(source: string): 'directory' | 'file' {
  try {
    return statSync(source).isDirectory() ? 'directory' : 'file'
  } catch (cause) {
    const { errno = 0, code = 'EIO' } = cause as NodeJS.ErrnoException
    throw new SyscallError(
      { errno: Math.abs(errno), code, syscall: 'stat', path: source, step: 'mounts' },
      { remedy: 'mount a path that exists and that you may read', cause },
    )
  }
}

/** The plan of all mounts; a parent inside comes before what is mounted below it. @throws SyscallError for a source that is not there */
export function planMounts(mounts: readonly MountSpec[], from: TreeSource, snapshots: readonly string[]): MountPlan {
  if (mounts.length > MOUNTS_MAX) throw new UnsupportedError(`more than ${MOUNTS_MAX} mounts`, { remedy: 'mount their common parent' })
  const prepare: Step[] = []
  const build: Step[] = [step(OP.mkdir, [0o755], 'c')]
  const attach: Step[] = []
  const trees: OverlayTree[] = []
  const points: MountPoint[] = []
  const sorted = [...mounts].sort(([a], [b]) => a.split('/').length - b.split('/').length)
  sorted.forEach(([path, mount], k) => {
    const slot = SLOT.mounts + k
    const isFile = 'secret' in mount || ('source' in mount && kindOf(resolve(mount.source)) === 'file')
    points.push({ path, kind: isFile ? 'file' : 'directory' })
    if ('source' in mount) {
      const source = resolve(mount.source)
      const kind = kindOf(source)
      const access = mount.access ?? 'read'
      if (access === 'copy' && kind === 'file')
        throw new UnsupportedError(`mounts: 'copy' of a single file (${source})`, { remedy: 'copy its directory, or use copyIn' })
      const tree = openTree(from, slot, source, {
        recursive: access !== 'copy',
        attributes: ATTR.noSuid | ATTR.noDev | (access === 'read' ? ATTR.readOnly : 0),
      })
      prepare.push(...tree.prepare)
      build.push(...tree.build)
      if (access === 'copy') {
        const name = `m${k}`
        build.push(step(OP.mkdir, [0o755], `c/${name}`), step(OP.attach, [slot, 2], `c/${name}`), step(OP.mkdir, [0o755], `c/${name}r`))
        build.push(...overlay(`c/${name}r`, [`c/${name}`], { name, mode: 0o755, scratch: '', snapshots: snapshots.length }))
        build.push(step(OP.tree, [slot, 0, ATTR.noSuid | ATTR.noDev], `c/${name}r`))
        trees.push({ path, upper: name, lowers: [source, ...snapshots.map((path) => `${path}/${name}`)], masked: [] })
      }
      attach.push(step(OP.attach, [slot, kind === 'directory' ? 0 : 1], path))
    } else if ('tmpfs' in mount) {
      const size = mount.sizeMaxBytes === undefined ? '' : `,size=${mount.sizeMaxBytes}`
      build.push(step(OP.newMount, [slot, ATTR.noSuid | ATTR.noDev], 'tmpfs', `mode=1777${size}`))
      attach.push(step(OP.attach, [slot, 0], path))
    } else if ('secret' in mount) {
      build.push(
        step(OP.file, [0o400], `c/s${k}`, mount.secret),
        step(OP.tree, [slot, 0, ATTR.noSuid | ATTR.noDev | ATTR.noExec | ATTR.readOnly], `c/s${k}`),
      )
      attach.push(step(OP.attach, [slot, 1], path))
    }
  })
  return { prepare, build: mounts.length === 0 ? [] : build, attach, trees, points }
}
