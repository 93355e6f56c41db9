// How layers become one tree.
import { describe, expect, it } from 'vitest'
import { changesOf, directory, file, hardlink, opaque, symlink, view, whiteout } from './support/layers.js'

const LOWER = [directory('/d'), file('/d/a', 'a'), file('/d/b', 'b'), directory('/d/sub'), file('/d/sub/c', 'c'), file('/keep', 'keep')]

describe('a whiteout', () => {
  it('hides a file of a lower layer', async () => {
    const fs = await view([LOWER, [whiteout('/d/a')]])
    expect(await fs.readdir('/d')).toEqual(['b', 'sub'])
  })
  it('hides a directory with all below it', async () => {
    const fs = await view([LOWER, [whiteout('/d')]])
    expect(await fs.readdir('/')).toEqual(['keep'])
  })
  it.each([
    ['before', [whiteout('/d/a'), file('/d/a', 'new')]],
    ['after', [file('/d/a', 'new'), whiteout('/d/a')]],
  ])('leaves what its own layer puts there %s it', async (_, layer) => {
    expect(await (await view([LOWER, layer])).readFile('/d/a', 'utf8')).toBe('new')
  })
  it('of a directory leaves just what its own layer puts into it', async () => {
    expect(await (await view([LOWER, [file('/d/z'), whiteout('/d')]])).readdir('/d')).toEqual(['z'])
  })
  it('of nothing hides nothing, but its directory is there, as when the layer is unpacked by itself', async () => {
    const fs = await view([LOWER, [whiteout('/d/none'), whiteout('/new/x'), whiteout('/keep/x')]])
    expect(await fs.readdir('/', { recursive: true })).toEqual(['d', 'd/a', 'd/b', 'd/sub', 'd/sub/c', 'keep', 'new'])
    expect((await fs.stat('/keep')).type).toBe('directory')
  })
  it('of the root is refused', async () => {
    await expect(view([[whiteout('/')]])).rejects.toMatchObject({ code: 'ERR_FORMAT' })
  })
})

describe('an opaque marker', () => {
  it('hides every lower entry of its directory, and none of its own layer wherever it stands', async () => {
    const fs = await view([LOWER, [file('/d/new'), opaque('/d'), file('/d/newer')]])
    expect(await fs.readdir('/d')).toEqual(['new', 'newer'])
    expect((await fs.stat('/d')).mtimeNs).toBe(1_000_000_000n)
  })
  it('may be a flag of the directory itself', async () => {
    expect(await (await view([LOWER, [directory('/d', { opaque: true })]])).readdir('/d')).toEqual([])
  })
  it('on a link of a lower layer replaces it by an empty directory', async () => {
    const fs = await view([[...LOWER, symlink('/l', 'd')], [opaque('/l')]])
    expect(await fs.readdir('/l')).toEqual([])
    expect(await fs.readdir('/d')).toEqual(['a', 'b', 'sub'])
  })
  it('costs no more than what it hides, 2,000 times over', async () => {
    const dirs = Array.from({ length: 2000 }, (_, i) => [directory(`/big/${i}`), file(`/big/${i}/f`)]).flat()
    const started = performance.now()
    const fs = await view([dirs, [opaque('/big'), ...Array.from({ length: 2000 }, (_, i) => opaque(`/big/${i}`)), file('/big/last')]])
    const left = await fs.readdir('/big', { recursive: true })
    expect([left.length, left.filter((path) => path.endsWith('f')), left.at(-1)]).toEqual([2001, [], 'last'])
    expect(performance.now() - started).toBeLessThan(30_000)
  })
})

describe('an entry', () => {
  it.each([
    ['a directory over a file', [file('/x', 'x')], [directory('/x'), file('/x/y')], 'directory'],
    ['a file over a directory', [directory('/x'), file('/x/y')], [file('/x', 'x')], 'file'],
    ['a link over a directory', [directory('/x'), file('/x/y')], [symlink('/x', 'z')], 'symlink'],
  ])('replaces what lies below it: %s', async (_, lower, upper, type) => {
    const fs = await view([lower, upper])
    expect((await fs.lstat('/x')).type).toBe(type)
    expect(await fs.readdir('/', { recursive: true })).toEqual(type === 'directory' ? ['x', 'x/y'] : ['x'])
  })
  it('of a directory gives it new attributes and keeps what is in it', async () => {
    const fs = await view([LOWER, [directory('/d', { mode: 0o700, uid: 7 })]])
    expect(await fs.stat('/d')).toMatchObject({ mode: 0o40700, uid: 7 })
    expect(await fs.readdir('/d')).toEqual(['a', 'b', 'sub'])
  })
  it('that comes twice in a layer counts as it came last', async () => {
    expect(await (await view([[file('/x', 'one'), file('/x', 'two')]])).readFile('/x', 'utf8')).toBe('two')
  })
  it('without described parents gets directories of mode 755', async () => {
    expect(await (await view([[file('/p/q/f')]])).stat('/p/q')).toMatchObject({ mode: 0o40755, uid: 0, mtimeNs: 0n })
  })
  it('below a link of a lower layer replaces the link, and never follows it', async () => {
    const fs = await view([[directory('/etc'), symlink('/l', '/etc')], [file('/l/f', 'f')]])
    expect((await fs.lstat('/l')).type).toBe('directory')
    expect(await fs.readdir('/etc')).toEqual([])
  })
  it.each([
    ['below a link', [symlink('/l', '/etc'), file('/l/f')]],
    ['below a file', [file('/x'), file('/x/y')]],
    ['that makes the root a file', [file('/')]],
    ['that links to nothing', [hardlink('/x', '/none')]],
    ['that links to itself', [hardlink('/x', '/x')]],
    ['that links to a directory', [directory('/d'), hardlink('/x', '/d')]],
  ])('%s of its own layer is refused', async (_, layer) => {
    await expect(view([layer])).rejects.toMatchObject({ code: 'ERR_FORMAT' })
  })
})

describe('a hard link', () => {
  it('to a file of a lower layer is the same file', async () => {
    const fs = await view([[file('/a', 'a')], [hardlink('/b', '/a')]])
    expect(await fs.stat('/b')).toMatchObject({ nlink: 2, ino: (await fs.stat('/a')).ino })
  })
  it('loses a name when a layer hides or replaces it', async () => {
    const fs = await view([
      [file('/a', 'a'), hardlink('/b', '/a'), hardlink('/c', '/a')],
      [whiteout('/b'), file('/c', 'c')],
    ])
    expect((await fs.stat('/a')).nlink).toBe(1)
    expect(await fs.readFile('/a', 'utf8')).toBe('a')
  })
})

it('refuses layers with more entries than it is told to take, and takes as many', async () => {
  const layers = [[file('/a'), file('/b')], [file('/c')]]
  await expect(view(layers, { entriesMax: 2 })).rejects.toMatchObject({ code: 'ERR_FORMAT' })
  expect(await (await view(layers, { entriesMax: 3 })).readdir('/')).toEqual(['a', 'b', 'c'])
})
it('stops reading when its signal is aborted', async () => {
  const reason = new Error('enough')
  await expect(view([LOWER], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
})
it('names an option that it does not know', async () => {
  await expect(view([], { colour: 'red' } as object)).rejects.toThrow("unknown option 'colour'")
})
it('takes directories nested 3,000 deep', async () => {
  const paths = Array.from({ length: 3000 }, (_, i) => '/d'.repeat(i + 1))
  const fs = await view([paths.map((path) => directory(path))])
  expect((await fs.readdir('/', { recursive: true })).length).toBe(3000)
  await fs.rm('/d', { recursive: true })
  expect(await changesOf(fs)).toEqual(['delete /d'])
})
