// The delta hive that turns one tree into another: only what differs, with tombstones for what is gone.
import { isSameValue } from '../compare.js'
import { Hive, rootOf } from '../hive.js'
import type { HiveKey } from '../hive-key.js'
import { semanticsBits } from '../layer-bits.js'
import { LAYER } from '../records/nk.js'
import { VALUE_FLAG } from '../records/vk.js'
import type { StoredKey } from '../stored.js'
import { copyTree } from './copy.js'
import { diffFields, pairSubkeys } from './diff.js'
import type { TreeKey } from './tree.js'

/** A layered hive over `base` that shows `changed`. The same trees give the same bytes. */
export function deltaOf(base: TreeKey, changed: TreeKey): Hive {
  const delta = Hive.create({ layered: true })
  const root = rootOf(delta)
  root.adopt({ ...mergeNode(changed), name: changed.name, layerBits: 0, className: changed.stored.className })
  fill(base, changed, () => root)
  return delta
}

const mergeNode = ({ stored }: TreeKey): StoredKey => ({ ...stored, layerBits: LAYER.inheritClass, className: undefined })

/** `open` makes the node in the delta when there is first something to put into it. */
function fill(base: TreeKey, changed: TreeKey, open: () => HiveKey): void {
  // A merged key shows its newest time: an older one needs a key that hides those below.
  const isOlder = changed.stored.lastWritten < base.stored.lastWritten
  if (isOlder) supersede(changed, open())
  else fillFields(base, changed, open)
  if (!isOlder) fillValues(base, changed, open)
  for (const [old, now] of pairSubkeys(base, changed)) {
    if (old !== undefined && now !== undefined)
      fill(
        old,
        now,
        once(() => open().putSubkey(mergeNode(now))),
      )
    else if (now !== undefined) copyTree(now, open(), semanticsBits('supersede-tree'))
    else if (old !== undefined) open().putSubkey(tombstone(old, changed))
  }
}

function supersede(changed: TreeKey, node: HiveKey): void {
  node.adopt({ layerBits: semanticsBits('supersede-local'), className: changed.stored.className })
  for (const value of changed.storedValues()) node.putValue(value)
}

function fillFields(base: TreeKey, changed: TreeKey, open: () => HiveKey): void {
  const { stored } = changed
  const fields = diffFields(base, changed)
  if (fields.includes('className')) open().adopt({ layerBits: 0, className: stored.className })
  const isTouched =
    stored.lastWritten !== base.stored.lastWritten || stored.flags !== base.stored.flags || stored.userFlags !== base.stored.userFlags
  // The node takes times, flags and security over when it is made.
  if (fields.length > 0 || isTouched) open()
}

function fillValues(base: TreeKey, changed: TreeKey, open: () => HiveKey): void {
  for (const { name } of base.storedValues()) {
    if (changed.storedValue(name) === undefined) open().putValue({ name, type: 0, flags: VALUE_FLAG.tombstone, data: new Uint8Array(0) })
  }
  for (const value of changed.storedValues()) {
    const old = base.storedValue(value.name)
    if (old === undefined || !isSameValue(old, value)) open().putValue(value)
  }
}

const tombstone = (gone: TreeKey, parent: TreeKey): StoredKey => ({
  name: gone.name,
  flags: 0,
  lastWritten: parent.stored.lastWritten,
  accessBits: 0,
  layerBits: semanticsBits('tombstone'),
  userFlags: 0,
  className: undefined,
  security: gone.stored.security,
  predefinedHandle: undefined,
})

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
