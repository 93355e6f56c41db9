// A delta hive that Windows made (a sandbox's SYSTEM), over bases that are made to fit it.
import { readFileSync } from 'node:fs'
import { deltaFrom, Hive, type Key, LayeredHive } from 'stratabox/hive'
import { expect, it } from 'vitest'
import { sharedPath } from '../support/shared.js'
import { dump } from './support/dump.js'

const word = (data: number) => ({ type: 'REG_DWORD', data }) as const

it('hides what its tombstones name and shows the rest', (ctx) => {
  const delta = Hive.open(readFileSync(`${sharedPath(ctx, 'corpus/hives')}/System_Delta`))
  const stones = dump(delta).filter(({ layerBits = 0 }) => (layerBits & 3) === 1)
  const base = Hive.create()
  for (const { path } of stones) base.createKey(path).setValue('v', word(1))
  const view = new LayeredHive(base, delta)
  expect(stones).toHaveLength(2)
  for (const { path } of stones) expect(view.key(path)).toBeUndefined()
  expect(dump(view)).toHaveLength(584)
})

it('acts on a base as each of its layer bits says, and so does its flattened and its saved form', (ctx) => {
  const delta = Hive.open(readFileSync(`${sharedPath(ctx, 'corpus/hives')}/System_Delta`))
  // A base with every key of the delta, one value and one subkey more in each: what becomes of those tells the bits.
  const base = Hive.create()
  for (const { path, values: own = [] } of dump(delta)) {
    const key = base.createKey(path)
    key.setValue('below', word(1))
    for (const { name } of own) key.setValue(name, word(1))
    key.createSubkey('only below')
  }
  const expected = new Map<string, string[]>()
  const walk = (key: Key, isHidden: boolean): void => {
    const hides = isHidden || key.layer === 'supersede-tree'
    if (key.layer === 'tombstone') return
    const seen = [...key.values()].filter(({ tombstone }) => !tombstone).map(({ name }) => name.toUpperCase())
    expected.set(key.path.toUpperCase(), [...seen, ...(hides ? [] : ['BELOW'])].sort())
    if (!hides) expected.set(`${key.path}\\only below`.replace(/^\\/, '').toUpperCase(), [])
    for (const subkey of key.subkeys()) walk(subkey, hides)
  }
  walk(delta.root, false)
  const shown = (view: Hive | LayeredHive) =>
    new Map(dump(view).map(({ path, values: own = [] }) => [path.toUpperCase(), own.map(({ name }) => name.toUpperCase()).sort()]))
  const view = new LayeredHive(base, delta)
  expect(shown(view)).toEqual(expected)
  expect(shown(view.flatten())).toEqual(expected)
  expect(shown(new LayeredHive(base, Hive.open(delta.toBytes())))).toEqual(expected)
  expect(shown(new LayeredHive(base, deltaFrom(base, view)))).toEqual(expected)
})
