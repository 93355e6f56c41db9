// The root of an image: its unpacked layers as overlay lowers, topmost first in the mount's options, under a private upper directory.
import { OP, step } from '../native/index.js'
import { openTree, overlay, type RootPlan, SLOT, type TreeSource } from './plan.js'
import { type MountPoint, skeleton } from './skeleton.js'

/** Unpacked layers: `names` are directories in `root`, lowest first. */
export interface Lowers {
  readonly root: string
  readonly names: readonly string[]
  release(): Promise<void>
}

/** What an image's root is made of. */
export interface ImageRootParts {
  readonly lowers: Lowers
  readonly source: TreeSource
  readonly snapshots: readonly string[]
  /** Paths inside that something will be mounted on. */
  readonly mountPoints: readonly MountPoint[]
}

/** The plan for an image. Beneath its layers lies a skeleton with the mount points, so that making them is no change of the sandbox's. */
export function imageRoot({ lowers, source, snapshots, mountPoints }: ImageRootParts): RootPlan {
  const layers = openTree(source, SLOT.layers, lowers.root, { how: 0 })
  const names = [...lowers.names].reverse()
  const isEmpty = names.length === 0
  return {
    prepare: isEmpty ? [] : layers.prepare,
    build: [
      ...(isEmpty ? [] : layers.build),
      step(OP.mkdir, [0o755], 'l'),
      ...(isEmpty ? [] : [step(OP.attach, [SLOT.layers, 2], 'l')]),
      step(OP.mkdir, [0o755], 'root'),
      ...skeleton(mountPoints),
      // Names relative to the layers' own directory: 128 of them fit the one page that mount(2) takes.
      step(OP.chdir, [], 'l'),
      ...overlay('../root', [...names, '../k'], { name: '0', mode: 0o755, scratch: '../', snapshots: snapshots.length }),
      step(OP.chdir, [], '..'),
    ],
    trees: [
      {
        path: '/',
        upper: '0',
        lowers: lowers.names.map((name) => `${lowers.root}/${name}`),
        masked: [],
      },
    ],
    isWritable: true,
    release: () => lowers.release(),
  }
}
