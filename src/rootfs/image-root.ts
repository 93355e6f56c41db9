// The root of an image: its unpacked layers as overlay lowers, topmost first in the mount's options, under a private upper directory.
import { OP, step } from '../native/index.js'
import { openTree, overlay, type RootPlan, SLOT, type TreeSource } from './plan.js'

/** Unpacked layers: `names` are directories in `root`, lowest first. */
export interface Lowers {
  readonly root: string
  readonly names: readonly string[]
  /** A snapshot that lies on top of them, by host path: a fork's. */
  readonly snapshots?: readonly string[]
  release(): Promise<void>
}

/** The plan for an image with at least one layer. With none, the root is an empty directory. */
export function imageRoot(lowers: Lowers, source: TreeSource): RootPlan {
  const layers = openTree(source, SLOT.layers, lowers.root, { recursive: false })
  const snapshots = lowers.snapshots ?? []
  // Snapshots have the sandbox's own ids on disk already, so they are never idmapped.
  const onTop = snapshots.map((path, k) => ({ tree: step(OP.openTree, [SLOT.hostTrees + k, 0, 0, 0], path), slot: SLOT.hostTrees + k, name: `../s${k}` }))
  const prepareTop = source.isIdmapped ? onTop.map(({ tree }) => tree) : []
  const buildTop = onTop.flatMap(({ slot, name }, k) => [
    ...(source.isIdmapped ? [] : [step(OP.tree, [slot, 0, 0], snapshots[k] as string)]),
    step(OP.mkdir, [0o755], name.slice(3)),
    step(OP.attach, [slot, 2], name.slice(3)),
  ])
  const names = [...onTop.map(({ name }) => name).reverse(), ...[...lowers.names].reverse()]
  const empty = names.length === 0
  return {
    prepare: [...layers.prepare, ...prepareTop],
    build: [
      ...layers.build,
      step(OP.mkdir, [0o755], 'l'),
      ...(empty ? [] : [step(OP.attach, [SLOT.layers, 2], 'l')]),
      ...buildTop,
      step(OP.mkdir, [0o755], 'u/0'),
      step(OP.mkdir, [0o755], 'w/0'),
      step(OP.mkdir, [0o755], 'root'),
      step(OP.chdir, [], 'l'),
      ...overlay('../root', empty ? ['.'] : names, '0', '../'),
      step(OP.chdir, [], '..'),
    ],
    trees: [{ path: '/', upper: '0', lowers: [...lowers.names.map((name) => `${lowers.root}/${name}`), ...snapshots], masked: [] }],
    isWritable: true,
    release: () => lowers.release(),
  }
}
