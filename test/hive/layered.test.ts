// The merged view of a base and its deltas: each rule by itself, then random edits against one plain hive.
import fc from 'fast-check'
import { deltaFrom, diffHives, Hive, type KeyChange, LayeredHive } from 'stratabox/hive'
import { describe, expect, it } from 'vitest'
import { apply, closeEdit, hiveOf } from './support/arbitrary.js'
import { type DumpedKey, dump, dumpSorted } from './support/dump.js'

const word = (data: number) => ({ type: 'REG_DWORD', data }) as const

/** 'a\b' = 1 means key a, value b. */
function hive(values: Record<string, number>, layered = false): Hive {
  const made = Hive.create({ layered, now: () => new Date('2024-01-01T00:00:00Z') })
  for (const [path, data] of Object.entries(values)) {
    const cut = path.lastIndexOf('\\')
    made.createKey(path.slice(0, cut)).setValue(path.slice(cut + 1), word(data))
  }
  return made
}

/** All values of a view, in the same form. */
function values(view: Hive | LayeredHive): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (const { path } of dump(view)) for (const { name, data } of view.key(path)!.values()) out[`${path}\\${name}`] = data
  return out
}
const paths = (view: Hive | LayeredHive) => dump(view).map(({ path }) => path)
const withoutTimes = (keys: DumpedKey[]) => keys.map(({ lastWritten: _, ...rest }) => rest)

describe('a merged view', () => {
  const base = () => hive({ 'k\\v': 1, 'k\\w': 2, 'k\\sub\\x': 3, 'other\\y': 4 })

  it('shows values of all layers, the upper ones first, names as the upper ones write them', () => {
    const view = new LayeredHive(base(), hive({ 'k\\v': 10, 'k\\new': 11 }, true), hive({ 'K\\V': 20 }, true))
    expect(values(view)).toEqual({ 'K\\V': 20, 'K\\w': 2, 'K\\new': 11, 'K\\sub\\x': 3, 'other\\y': 4 })
  })

  it('hides a key under a tombstone, with all below it', () => {
    const delta = hive({}, true)
    delta.createKey('k').layer = 'tombstone'
    expect(values(new LayeredHive(base(), delta))).toEqual({ 'other\\y': 4 })
  })

  it('shows a key of an upper layer over a tombstone, and nothing from below that', () => {
    const grave = hive({}, true)
    grave.createKey('k').layer = 'tombstone'
    expect(values(new LayeredHive(base(), grave, hive({ 'k\\n': 5 }, true)))).toEqual({ 'k\\n': 5, 'other\\y': 4 })
  })

  it('supersede-local hides values, class and time of the key below; its subkeys still merge', () => {
    const lower = base()
    lower.key('k')!.className = 'lower'
    lower.key('k')!.lastWrittenFiletime = 2n ** 63n
    const delta = hive({ 'k\\n': 5 }, true)
    delta.key('k')!.layer = 'supersede-local'
    const view = new LayeredHive(lower, delta)
    expect(values(view)).toEqual({ 'k\\n': 5, 'k\\sub\\x': 3, 'other\\y': 4 })
    expect(view.key('k')?.className).toBeUndefined()
    expect(view.key('k')?.lastWrittenFiletime).toBeLessThan(2n ** 63n)
  })

  it('supersede-tree hides all below it', () => {
    const delta = hive({ 'k\\n': 5 }, true)
    delta.key('k')!.layer = 'supersede-tree'
    expect(values(new LayeredHive(base(), delta))).toEqual({ 'k\\n': 5, 'other\\y': 4 })
  })

  it('hides a value under a tombstone, until a layer above sets it', () => {
    const delta = hive({ 'k\\n': 5 }, true)
    delta.key('k')!.tombstoneValue('V')
    expect(values(new LayeredHive(base(), delta))).toEqual({ 'k\\w': 2, 'k\\n': 5, 'k\\sub\\x': 3, 'other\\y': 4 })
    expect(new LayeredHive(base(), delta, hive({ 'k\\v': 6 }, true)).key('k')?.value('v')?.data).toBe(6)
  })

  it('takes the class from the top, or from below where it is inherited', () => {
    const lower = base()
    lower.key('k')!.className = 'lower'
    const delta = hive({ 'k\\n': 5 }, true)
    const view = new LayeredHive(lower, delta)
    expect(view.key('k')?.className).toBeUndefined()
    delta.key('k')!.inheritsClass = true
    expect(view.key('k')?.className).toBe('lower')
    delta.key('k')!.inheritsClass = false
    delta.key('k')!.className = 'upper'
    expect(view.key('k')?.className).toBe('upper')
  })

  it('takes the newest time and the security of the top', () => {
    const lower = base()
    const delta = hive({ 'k\\n': 5 }, true)
    delta.key('k')!.security = Uint8Array.of(1)
    const view = new LayeredHive(lower, delta)
    delta.key('k')!.lastWrittenFiletime = 5n
    lower.key('k')!.lastWrittenFiletime = 7n
    expect(view.key('k')?.lastWrittenFiletime).toBe(7n)
    delta.key('k')!.lastWrittenFiletime = 9n
    expect(view.key('k')?.lastWrittenFiletime).toBe(9n)
    expect(view.key('k')?.security).toEqual(Uint8Array.of(1))
    expect(view.key('other')?.security).toEqual(lower.key('other')?.security)
  })

  it('has no layer of its own', () => {
    const { root } = new LayeredHive(base())
    expect(root.layer).toBeUndefined()
    expect(() => {
      root.layer = 'merge'
    }).toThrow(TypeError)
  })

  it('needs deltas with layer bits, each once', () => {
    const delta = hive({}, true)
    expect(() => new LayeredHive(base(), hive({}))).toThrow(/delta 1 is not a layered hive/)
    expect(() => new LayeredHive(base(), delta, delta)).toThrow(TypeError)
  })
})

describe('a write', () => {
  it('goes to the top delta, and leaves the layers below', () => {
    const base = hive({ 'k\\v': 1 })
    const bytes = base.toBytes()
    const view = new LayeredHive(base)
    view.key('k')!.setValue('v', word(2))
    expect(values(view)).toEqual({ 'k\\v': 2 })
    expect(values(view.top)).toEqual({ 'k\\v': 2 })
    expect(Buffer.compare(base.toBytes(), bytes)).toBe(0)
  })

  it('copies keys up as merge nodes that inherit the class, and touch no time', () => {
    const base = hive({ 'k\\sub\\v': 1 })
    base.key('k')!.className = 'class'
    const view = new LayeredHive(base)
    view.key('k\\sub')!.setValue('n', word(2))
    expect(view.top.key('k')).toMatchObject({
      layer: 'merge',
      inheritsClass: true,
      lastWrittenFiletime: base.key('k')!.lastWrittenFiletime,
    })
    expect(view.key('k')?.className).toBe('class')
  })

  it('marks new keys as supersede-tree, as Windows does', () => {
    const view = new LayeredHive(hive({}))
    view.createKey('new\\deeper')
    expect(view.top.key('new')?.layer).toBe('supersede-tree')
    expect(view.top.key('new\\deeper')?.layer).toBe('supersede-tree')
  })

  it('leaves a tombstone only where there is something below to hide', () => {
    const view = new LayeredHive(hive({ 'k\\v': 1, 'gone\\x': 2 }))
    view.createKey('mine').setValue('v', word(3))
    view.root.deleteSubkey('mine')
    view.root.deleteSubkey('GONE')
    view.key('k')!.setValue('own', word(4))
    view.key('k')!.deleteValue('own')
    view.key('k')!.deleteValue('V')
    expect(paths(view)).toEqual(['', 'k'])
    expect(
      dump(view.top).map(({ path, layerBits, values: own }) => [path, layerBits, own?.map(({ name, tombstone }) => [name, tombstone])]),
    ).toEqual([
      ['', 0x80, undefined],
      ['gone', 1, undefined],
      ['k', 0x80, [['v', true]]],
    ])
  })

  it('to a key that was deleted and made again does not bring back what it held', () => {
    const view = new LayeredHive(hive({ 'k\\v': 1, 'k\\sub\\x': 2 }))
    view.root.deleteSubkey('k')
    view.createKey('K').setValue('n', word(3))
    expect(values(view)).toEqual({ 'K\\n': 3 })
  })

  it('to a merged key that is gone is refused', () => {
    const view = new LayeredHive(hive({ 'k\\v': 1 }))
    const key = view.key('k')!
    view.root.deleteSubkey('k')
    expect(() => key.setValue('v', word(1))).toThrow(expect.objectContaining({ code: 'ERR_KEY_DELETED' }))
  })
})

describe('random edits through a view of three layers', () => {
  const edits = fc.array(closeEdit, { maxLength: 25 })

  it('show what the same edits make of one hive, also after all layers were saved and opened', () => {
    fc.assert(
      fc.property(edits, edits, edits, (first, second, third) => {
        const now = () => new Date('2024-01-02T03:04:05Z')
        const plain = hiveOf([...first, ...second, ...third])
        const base = hiveOf(first)
        const middle = Hive.create({ layered: true, now })
        for (const one of second) apply(new LayeredHive(base, middle).root, one)
        const top = Hive.create({ layered: true, now })
        const view = new LayeredHive(base, middle, top)
        for (const one of third) apply(view.root, one)
        expect(withoutTimes(dumpSorted(view))).toEqual(withoutTimes(dumpSorted(plain)))

        const [b, m, t] = [base, middle, top].map((layer) => Hive.open(layer.toBytes())) as [Hive, Hive, Hive]
        const again = new LayeredHive(b, m, t)
        expect(dumpSorted(again)).toEqual(dumpSorted(view))
        const flat = view.flatten()
        expect(dumpSorted(flat)).toEqual(dumpSorted(view))
        expect(Hive.open(flat.toBytes()).verify()).toEqual([])
      }),
      { numRuns: 200 },
    )
  })
})

describe('deltaFrom', () => {
  const edits = fc.array(closeEdit, { maxLength: 25 })

  it('makes the base look like the other hive, times and all', () => {
    fc.assert(
      fc.property(edits, edits, fc.boolean(), (first, second, related) => {
        const base = hiveOf(first)
        const changed = hiveOf(related ? [...first, ...second] : second)
        const delta = Hive.open(deltaFrom(base, changed).toBytes())
        const view = new LayeredHive(base, delta)
        expect(upcased(dumpSorted(view))).toEqual(upcased(dumpSorted(changed)))
        expect([...diffHives(view, changed)]).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  it('of two equal hives holds a root and nothing else', () => {
    const delta = deltaFrom(hive({ 'k\\v': 1 }), hive({ 'k\\v': 1 }))
    expect(paths(delta)).toEqual([''])
  })

  it('gives the same bytes for the same hives', () => {
    const make = () => deltaFrom(hive({ 'k\\v': 1, 'l\\w': 2 }), hive({ 'k\\v': 2, 'new\\x': 3 })).toBytes()
    expect(Buffer.compare(make(), make())).toBe(0)
  })

  it('takes merged views', () => {
    const view = new LayeredHive(hive({ 'k\\v': 1 }))
    view.key('k')!.setValue('v', word(2))
    expect(values(deltaFrom(hive({ 'k\\v': 1 }), view))).toEqual({ 'k\\v': 2 })
  })

  /** A key or value that differs in case alone is no difference. */
  const upcased = (keys: DumpedKey[]) =>
    keys
      .map(({ path, values: own, ...rest }) => ({
        ...rest,
        path: path.toUpperCase(),
        values: own?.map((value) => ({ ...value, name: value.name.toUpperCase() })).sort((a, b) => (a.name < b.name ? -1 : 1)),
      }))
      .sort((a, b) => (a.path < b.path ? -1 : 1))
})

describe('diff', () => {
  const short = (changes: Iterable<KeyChange>) =>
    [...changes].map((change) =>
      change.kind === 'modify'
        ? [change.kind, change.path, change.fields, change.values.map(({ kind, name }) => `${kind} ${name}`)]
        : [change.kind, change.path],
    )

  it('of a view names what differs from the base, sorted by path', () => {
    const view = new LayeredHive(hive({ 'a\\v': 1, 'a\\w': 2, 'b\\c\\x': 3, 'same\\y': 4 }))
    view.key('a')!.setValue('v', word(9))
    view.key('a')!.deleteValue('w')
    view.key('a')!.setValue('n', word(5))
    view.root.deleteSubkey('b')
    view.createKey('new\\deep').setValue('v', word(1))
    view.key('same')!.className = 'class'
    expect(short(view.diff())).toEqual([
      ['modify', 'a', [], ['delete w', 'modify v', 'add n']],
      ['delete', 'b'],
      ['add', 'new'],
      ['add', 'new\\deep'],
      ['modify', 'same', ['className'], []],
    ])
  })

  it('names no times, and nothing where a key was made again as it was', () => {
    const view = new LayeredHive(hive({ 'a\\v': 1 }))
    view.root.deleteSubkey('a')
    view.createKey('a').setValue('v', word(1))
    expect([...view.diff()]).toEqual([])
  })
})
