// What a view has that its layers do not, and what becomes of it as a layer.
import { describe, expect, it } from 'vitest'
import { appendLayer, emptyImage } from '../../src/image/index.js'
import { UnionFs } from '../../src/unionfs/index.js'
import { changesOf, directory, file, hardlink, NOW_NS, symlink, view } from './support/layers.js'

const BASE = [directory('/d'), file('/d/a', 'a'), file('/d/b', 'b'), symlink('/l', 'd'), file('/x', 'x'), hardlink('/y', '/x')]
const base = () => view([BASE])

describe('changes', () => {
  it('are none after reading, and none after what changes nothing', async () => {
    const fs = await base()
    await fs.readFile('/d/a')
    await fs.chmod('/d/a', 0o644)
    await (await fs.open('/d/a', 'r+')).close()
    await fs.writeFile('/d/a', 'a')
    await fs.utimes('/d/a', 1, 1)
    expect(await changesOf(fs)).toEqual([])
  })
  it('are none after a rename there and back, but for the time of the directory', async () => {
    const fs = await base()
    await fs.rename('/d', '/e')
    await fs.rename('/e', '/d')
    expect(await changesOf(fs)).toEqual([])
    await fs.rename('/d/a', '/d/c')
    await fs.rename('/d/c', '/d/a')
    expect(await changesOf(fs)).toEqual(['modify /d'])
  })
  it('name one removal for a whole directory', async () => {
    const fs = await base()
    await fs.rm('/d', { recursive: true })
    expect(await changesOf(fs)).toEqual(['delete /d'])
  })
  it('tell a moved directory as a removal and additions', async () => {
    const fs = await base()
    await fs.rename('/d', '/e')
    expect(await changesOf(fs)).toEqual(['delete /d', 'add /e', 'add /e/a', 'add /e/b'])
  })
  it('tell a change of type as a modification, without removals below it', async () => {
    const fs = await base()
    await fs.rm('/d', { recursive: true })
    await fs.writeFile('/d', '')
    expect(await changesOf(fs)).toEqual(['modify /d'])
  })
  it('are sorted by bytes, also beyond the basic plane', async () => {
    const fs = await base()
    for (const name of ['/\u{1f600}', '/\uffee', '/a-b', '/a', '/\udcff']) await fs.writeFile(name, '')
    expect(await changesOf(fs)).toEqual(['add /a', 'add /a-b', 'add /\uffee', 'add /\u{1f600}', 'add /\udcff'])
  })
  it('name all of a file with several names when one is written', async () => {
    const fs = await base()
    await fs.writeFile('/y', 'new')
    const entries = []
    for await (const change of fs.changes()) entries.push(change)
    expect(entries).toMatchObject([
      { kind: 'modify', path: '/x', entry: { type: 'file', size: 3 } },
      { kind: 'modify', path: '/y', entry: { type: 'hardlink', target: '/x' } },
    ])
  })
  it('name all of a file when it gets another name, and none that keeps when it loses one', async () => {
    const fs = await base()
    await fs.unlink('/y')
    expect(await changesOf(fs)).toEqual(['delete /y'])
    await fs.link('/x', '/z')
    expect(await changesOf(fs)).toEqual(['modify /x', 'delete /y', 'add /z'])
  })
  it('tell of the root when mode, owner or xattrs change, but not of its time', async () => {
    const fs = await base()
    await fs.writeFile('/new', '')
    expect(await changesOf(fs)).toEqual(['add /new'])
    await fs.chmod('/', 0o700)
    expect(await changesOf(fs)).toEqual(['modify /', 'add /new'])
  })
  it('are as of the first step: what is written later does not show', async () => {
    const fs = await base()
    await fs.writeFile('/new', 'before')
    const steps = fs.changes()[Symbol.asyncIterator]()
    const first = await steps.next()
    await fs.writeFile('/new', 'after!')
    await fs.writeFile('/newer', '')
    const change = first.value
    if (change?.kind !== 'add' || change.entry.type !== 'file') throw new Error('no file')
    const chunks: Uint8Array[] = []
    for await (const chunk of change.entry.content()) chunks.push(chunk)
    expect(Buffer.concat(chunks).toString()).toBe('before')
    expect((await steps.next()).done).toBe(true)
  })
})

describe('layerOf', () => {
  it('names the topmost layer, upper for what was changed, and nothing for nothing', async () => {
    const fs = await view([BASE, [file('/d/b', 'B'), directory('/d')]])
    expect(await Promise.all(['/d/a', '/d/b', '/d', '/l', '/none', '/x/none'].map((path) => fs.layerOf(path)))).toEqual([
      0,
      1,
      1,
      0,
      undefined,
      undefined,
    ])
    await fs.chmod('/d/a', 0o600)
    await fs.rename('/x', '/z')
    expect(await Promise.all(['/d/a', '/z', '/y', '/d/b'].map((path) => fs.layerOf(path)))).toEqual(['upper', 'upper', 0, 1])
  })
})

describe('toLayer', () => {
  it('gives a layer that makes the same tree over the same base', async () => {
    const fs = await base()
    await fs.rm('/d/a')
    await fs.mkdir('/new/deep', { recursive: true })
    await fs.writeFile('/new/deep/f', 'text')
    await fs.link('/x', '/d/x')
    await fs.setxattr('/d/b', 'user.k', Uint8Array.of(1, 0, 255))
    const layer = await fs.toLayer()
    const again = await UnionFs.of([
      {
        entries: async function* () {
          yield* BASE
        },
      },
      layer,
    ])
    expect(await again.readdir('/', { recursive: true })).toEqual(await fs.readdir('/', { recursive: true }))
    expect(await again.readFile('/new/deep/f', 'utf8')).toBe('text')
    expect(await again.getxattr('/d/b', 'user.k')).toEqual(Uint8Array.of(1, 0, 255))
    expect(await again.stat('/d/x')).toMatchObject({ nlink: 3, ino: (await again.stat('/y')).ino, mtimeNs: 1_000_000_000n })
    expect((await again.stat('/new')).mtimeNs).toBe(NOW_NS)
  })
  it('gives the same bytes for the same outcome, whatever the history', async () => {
    const one = await base()
    await one.writeFile('/a', 'a')
    await one.writeFile('/b', 'b')
    const two = await base()
    await two.writeFile('/b', 'other')
    await two.writeFile('/tmp', 'a')
    await two.rename('/tmp', '/a')
    await two.writeFile('/b', 'b')
    expect((await two.toLayer()).digest).toBe((await one.toLayer()).digest)
  })
  it('goes on top of an image, whose view then has it', async () => {
    const fs = await UnionFs.of(await emptyImage())
    await fs.writeFile('/hello', 'world')
    const image = await appendLayer(await emptyImage(), await fs.toLayer({ compression: 'none' }))
    const again = await UnionFs.of(image)
    expect(await again.readFile('/hello', 'utf8')).toBe('world')
    expect(await again.layerOf('/hello')).toBe(0)
  })
})
