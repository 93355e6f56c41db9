// The root of an image: its unpacked layers as overlay lowers, topmost first in the mount's options, under a private upper directory.
import { OP, step } from '../native/index.js'
import { openTree, overlay, type RootPlan, SLOT, type TreeSource } from './plan.js'

/** Unpacked layers: `names` are directories in `root`, lowest first. */
export interface Lowers {
  readonly root: string
  readonly names: readonly string[]
  release(): Promise<void>
}

/** The plan for an image. With no layer at all the root is an empty directory. */
export function imageRoot(lowers: Lowers, source: TreeSource, snapshots: readonly string[]): RootPlan {
  const layers = openTree(source, SLOT.layers, lowers.root, { recursive: false })
  const names = [...lowers.names].reverse()
  const isEmpty = names.length === 0
  return {
    prepare: isEmpty ? [] : layers.prepare,
    build: [
      ...(isEmpty ? [] : layers.build),
      step(OP.mkdir, [0o755], 'l'),
      ...(isEmpty ? [] : [step(OP.attach, [SLOT.layers, 2], 'l')]),
      step(OP.mkdir, [0o755], 'root'),
      // Names relative to the layers' own directory: 128 of them fit the one page that mount(2) takes.
      step(OP.chdir, [], 'l'),
      ...overlay('../root', isEmpty ? ['.'] : names, { name: '0', mode: 0o755, scratch: '../', snapshots: snapshots.length }),
      step(OP.chdir, [], '..'),
    ],
    trees: [
      {
        path: '/',
        upper: '0',
        lowers: [...lowers.names.map((name) => `${lowers.root}/${name}`), ...snapshots.map((path) => `${path}/0`)],
        masked: [],
      },
    ],
    isWritable: true,
    release: () => lowers.release(),
  }
}
