// What differs between two trees of keys. Times alone are no difference.
import { isSameBytes, isSameValue } from '../compare.js'
import type { Value } from '../data.js'
import type { Key } from '../key.js'
import { compareUpcased, upcase } from '../upcase.js'
import type { TreeKey } from './tree.js'

/** One difference between the values of a key. */
export type ValueChange =
  | { readonly kind: 'add' | 'modify'; readonly name: string; readonly value: Value }
  | { readonly kind: 'delete'; readonly name: string }

/** A field of a key that can differ. */
export type KeyField = 'className' | 'security' | 'isSymlink'

/** One difference between two trees. Each key of an added tree is an `add`; of a deleted tree, only its top is a `delete`. */
export type KeyChange =
  | { readonly kind: 'add'; readonly path: string; readonly key: Key }
  | {
      readonly kind: 'modify'
      readonly path: string
      readonly key: Key
      readonly values: readonly ValueChange[]
      readonly fields: readonly KeyField[]
    }
  | { readonly kind: 'delete'; readonly path: string }

/** Sorted by path: a key before its subkeys, subkeys by upper-cased name. */
export function* diffKeys(before: TreeKey, after: TreeKey): Generator<KeyChange> {
  const values = diffValues(before, after)
  const fields = diffFields(before, after)
  if (values.length > 0 || fields.length > 0) yield { kind: 'modify', path: after.path, key: after, values, fields }
  for (const [old, now] of pairSubkeys(before, after)) {
    if (old !== undefined && now !== undefined) yield* diffKeys(old, now)
    else if (now !== undefined) yield* added(now)
    else if (old !== undefined) yield { kind: 'delete', path: old.path }
  }
}

function* added(key: TreeKey): Generator<KeyChange> {
  yield { kind: 'add', path: key.path, key }
  for (const subkey of key.sortedSubkeys()) yield* added(subkey)
}

/** Subkeys of two keys side by side, in the order of upper-cased names. */
export function pairSubkeys(before: TreeKey, after: TreeKey): (readonly [TreeKey | undefined, TreeKey | undefined])[] {
  const pairs = new Map<string, readonly [TreeKey | undefined, TreeKey | undefined]>()
  for (const key of before.sortedSubkeys()) pairs.set(upcase(key.name), [key, undefined])
  for (const key of after.sortedSubkeys()) pairs.set(upcase(key.name), [pairs.get(upcase(key.name))?.[0], key])
  return [...pairs].sort(([a], [b]) => compareUpcased(a, b)).map(([, pair]) => pair)
}

function diffValues(before: TreeKey, after: TreeKey): ValueChange[] {
  const changes: ValueChange[] = []
  for (const { name } of before.storedValues()) if (after.storedValue(name) === undefined) changes.push({ kind: 'delete', name })
  for (const value of after.storedValues()) {
    const old = before.storedValue(value.name)
    if (old !== undefined && isSameValue(old, value)) continue
    changes.push({ kind: old === undefined ? 'add' : 'modify', name: value.name, value: after.value(value.name)! })
  }
  return changes
}

/** The fields in which two keys differ. */
export function diffFields(before: TreeKey, after: TreeKey): KeyField[] {
  const fields: KeyField[] = []
  if (before.stored.className !== after.stored.className) fields.push('className')
  if (!isSameBytes(before.stored.security, after.stored.security)) fields.push('security')
  if (before.isSymlink !== after.isSymlink) fields.push('isSymlink')
  return fields
}
