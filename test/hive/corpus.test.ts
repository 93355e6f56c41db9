// Hives made by Windows and by others, against what an independent strict reader says of them (../shared/corpus/hives/README.md).
import { readdirSync, readFileSync } from 'node:fs'
import { Hive } from 'stratabox/hive'
import { describe, expect, it, type TestContext } from 'vitest'
import { sharedPath } from '../support/shared.js'
import { type DumpedKey, dump, dumpSorted } from './support/dump.js'

const hives = (ctx: TestContext) => sharedPath(ctx, 'corpus/hives')

function expected(path: string): DumpedKey[] {
  // FILETIMEs are past 2^53: taken as text.
  const text = readFileSync(`${path}.expected.json`, 'utf8').replace(/"lastWritten":(\d+)/g, '"lastWritten":"$1"')
  return JSON.parse(text).keys
}

const SOUND = [
  'BigDataHive',
  'hivex_minimal',
  'hivex_rlenvalue_test_hive',
  'hivex_special',
  'ManySubkeysHive',
  'System_Delta',
  'TwoOwnersHive',
  'UnicodeHive',
]

const DAMAGED = ['BadListHive', 'TruncatedHive']

it('every hive of the corpus is looked at here, and its dump names no field that is not compared', (ctx) => {
  const names = readdirSync(hives(ctx)).filter((name) => name.endsWith('.expected.json'))
  expect(names.sort()).toEqual([...SOUND, ...DAMAGED].map((name) => `${name}.expected.json`).sort())
  const fields = new Set<string>()
  for (const name of [...SOUND, 'NewDirtyHive1/NewDirtyHive'])
    for (const key of expected(`${hives(ctx)}/${name}`)) {
      for (const field of Object.keys(key)) fields.add(field)
      for (const value of key.values ?? []) for (const field of Object.keys(value)) fields.add(`values.${field}`)
    }
  const compared = ['path', 'lastWritten', 'class', 'layerBits', 'securitySha256', 'values']
  const ofValues = ['name', 'type', 'size', 'sha256', 'tombstone'].map((field) => `values.${field}`)
  expect([...fields].filter((field) => ![...compared, ...ofValues].includes(field))).toEqual([])
})

describe.each(SOUND)('%s', (name) => {
  it('gives exactly its keys, values, classes, layer bits, security and times, without a warning', (ctx) => {
    const path = `${hives(ctx)}/${name}`
    const hive = Hive.open(readFileSync(path))
    expect(dump(hive)).toEqual(expected(path))
    expect(hive.verify()).toEqual([])
  })

  it('keeps them all when it is saved, and the same bytes when it is saved again', (ctx) => {
    const path = `${hives(ctx)}/${name}`
    const bytes = Hive.open(readFileSync(path)).toBytes()
    const again = Hive.open(bytes)
    expect(dump(again)).toEqual(expected(path))
    expect(again.verify()).toEqual([])
    expect(Buffer.compare(again.toBytes(), bytes)).toBe(0)
  })
})

describe('a dirty hive with two logs', () => {
  const file = (ctx: TestContext, name: string) => readFileSync(`${hives(ctx)}/NewDirtyHive1/${name}`)

  it('recovers to what Windows made of it, whichever log comes first', (ctx) => {
    const logs = [file(ctx, 'NewDirtyHive.LOG1'), file(ctx, 'NewDirtyHive.LOG2')]
    const windows = Hive.open(file(ctx, 'RecoveredHive_Windows10'))
    for (const order of [logs, [...logs].reverse()]) {
      const hive = Hive.open(file(ctx, 'NewDirtyHive'), order)
      expect(dump(hive)).toEqual(expected(`${hives(ctx)}/NewDirtyHive1/NewDirtyHive`))
      expect(dump(hive)).toEqual(dump(windows))
      expect(hive.verify()).toEqual([])
    }
  })

  it('is read as it stands, with a warning, where no log is given', (ctx) => {
    const hive = Hive.open(file(ctx, 'NewDirtyHive'))
    expect(hive.warnings).toEqual(['the hive was not written to its end, and no log fits'])
    expect(hive.key('Key1')).toBeDefined()
  })

  it('leaves logs alone where the hive is clean', (ctx) => {
    const hive = Hive.open(file(ctx, 'RecoveredHive_Windows10'), [file(ctx, 'NewDirtyHive.LOG1'), file(ctx, 'NewDirtyHive.LOG2')])
    expect(dump(hive)).toEqual(expected(`${hives(ctx)}/NewDirtyHive1/NewDirtyHive`))
    expect(hive.warnings).toEqual([])
  })
})

describe('a damaged hive', () => {
  it('with a list that two keys share saves every key of both', (ctx) => {
    const hive = Hive.open(readFileSync(`${hives(ctx)}/BadListHive`))
    expect(dump(hive).map(({ path }) => path)).toEqual(['', '1', '2', '2\\subkey', '3', '3\\subkey', '4'])
    expect(hive.warnings.join('\n')).toContain('the list belongs to another key')
  })

  it('cut short saves the keys of the part that is left, and says what is missing', (ctx) => {
    const hive = Hive.open(readFileSync(`${hives(ctx)}/TruncatedHive`))
    const whole = new Map(expected(`${hives(ctx)}/ManySubkeysHive`).map((key) => [key.path, key]))
    const saved = dump(hive)
    expect(saved).toHaveLength(85)
    for (const key of saved) expect(key).toEqual(whole.get(key.path))
    expect(hive.warnings[0]).toBe('the file is truncated: 8192 of 487424 bytes of hive bins are there')
  })

  it('is sound once it is saved', (ctx) => {
    for (const name of DAMAGED) {
      const hive = Hive.open(readFileSync(`${hives(ctx)}/${name}`))
      const again = Hive.open(hive.toBytes())
      expect(again.verify()).toEqual([])
      expect(dumpSorted(again)).toEqual(dumpSorted(hive))
    }
  })
})
