// A base hive and deltas above it, seen as one registry (regf specification, "Layered keys"; Windows containers keep theirs so).
import { Hive, rootOf } from '../hive.js'
import { createKey, findKey, type Key } from '../key.js'
import { copyContent } from './copy.js'
import { deltaOf } from './delta.js'
import { diffKeys, type KeyChange } from './diff.js'
import { MergedKey } from './merged-key.js'
import type { TreeKey } from './tree.js'

/** The merged view of a base hive and its deltas. Writes go to the top delta; the layers below never change. */
export class LayeredHive {
  /** The merged root key. */
  readonly root: Key
  /** All layers, the base first. */
  readonly layers: readonly Hive[]
  /** The layer that writes go to: the last delta; a new, empty one where none was given. */
  readonly top: Hive

  /** @throws TypeError where a delta has no layer bits (its tombstones could not be told from keys) */
  constructor(base: Hive, ...deltas: Hive[]) {
    if (new Set([base, ...deltas]).size !== deltas.length + 1) throw new TypeError('one hive stands for two layers')
    const flat = deltas.findIndex((delta) => !delta.isLayered)
    if (flat >= 0) throw new TypeError(`delta ${flat + 1} is not a layered hive`)
    this.top = deltas[deltas.length - 1] ?? Hive.create({ layered: true })
    this.layers = [base, ...deltas.slice(0, -1), this.top]
    const generation = () => this.layers.reduce((sum, { changeCount }) => sum + changeCount, 0)
    this.root = new MergedKey({ roots: this.layers.map(rootOf), generation }, undefined, base.root.name)
    // The root of a new delta has no security of its own, and could not be saved so.
    if (this.top.root.security === undefined) rootOf(this.top).adopt({ security: this.root.security })
  }

  /** The merged key at a path of names joined by `\`; '' is the root. Undefined where there is none. */
  key(path: string): Key | undefined {
    return findKey(this.root, path)
  }

  /** The merged key at `path`, with all parts that were missing made in the top delta. */
  createKey(path: string): Key {
    return createKey(this.root, path)
  }

  /** What differs between the base and the merged view, sorted by path. */
  diff(): Iterable<KeyChange> {
    return diffHives(this.layers[0]!, this)
  }

  /** The merged view as one hive without layers, with all its times, classes and security. */
  flatten(): Hive {
    const flat = Hive.create({ version: this.layers[0]!.version })
    const merged = treeOf(this)
    rootOf(flat).adopt(merged.stored)
    copyContent(merged, rootOf(flat), 0)
    return flat
  }
}

/** A layered hive by itself is a view of one layer: its tombstones are not keys. */
const treeOf = (hive: Hive | LayeredHive): TreeKey => {
  if (hive instanceof LayeredHive) return hive.root as MergedKey
  return hive.isLayered
    ? new MergedKey({ roots: [rootOf(hive)], generation: () => hive.changeCount }, undefined, hive.root.name)
    : rootOf(hive)
}

/** What differs between two hives or merged views, sorted by path. Times alone are no difference. */
export const diffHives = (before: Hive | LayeredHive, after: Hive | LayeredHive): Iterable<KeyChange> =>
  diffKeys(treeOf(before), treeOf(after))

/** The delta that makes `base` look like `changed`: `new LayeredHive(base, deltaFrom(base, changed))` shows the same keys, values, classes, security and times. */
export const deltaFrom = (base: Hive | LayeredHive, changed: Hive | LayeredHive): Hive => deltaOf(treeOf(base), treeOf(changed))
