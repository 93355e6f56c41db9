// What forks stand on: copies of a sandbox's upper directories, as lowers above the image and below the fork's own upper directory.
import { UnsupportedError } from '../core/index.js'
import { OP, type Step, step } from '../native/index.js'
import { SLOT, type TreeSource } from './plan.js'

// One descriptor of the supervisor each, and some ten bytes of the page that mount(2) takes.
const SNAPSHOTS_MAX = 64

/** Steps that attach each snapshot at `sN` of the scratch directory, oldest first. Their files have the sandbox's own ids already: no idmap. */
export function attachSnapshots(snapshots: readonly string[], source: TreeSource): { prepare: Step[]; build: Step[] } {
  if (snapshots.length > SNAPSHOTS_MAX)
    throw new UnsupportedError(`a fork of a fork, ${snapshots.length} deep`, {
      remedy: 'commit one of them to an image, and start from that',
    })
  const slots = snapshots.map((path, k) => ({ path, name: `s${k}`, slot: SLOT.snapshots + k }))
  return {
    prepare: source.isIdmapped ? slots.map(({ path, slot }) => step(OP.openTree, [slot, 0, 0, 0], path)) : [],
    build: slots.flatMap(({ path, name, slot }) => [
      ...(source.isIdmapped ? [] : [step(OP.tree, [slot, 0, 0], path)]),
      step(OP.mkdir, [0o755], name),
      step(OP.attach, [slot, 2], name),
    ]),
  }
}
