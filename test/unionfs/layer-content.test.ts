// Files out of compressed layers, in any order: what is decompressed once stays at hand, on disk in Node and in a little memory elsewhere.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { inChunksUpTo } from '../../src/compress/index.js'
import { type Change, type Layer, layerFromChanges } from '../../src/layer/index.js'
import { UnionFs } from '../../src/unionfs/index.js'
import { LayerContents } from '../../src/unionfs/layer-content.js'
import { createSpool as inMemory } from '../../src/unionfs/spool.js'
import { createSpool as inFile, type Spool } from '../../src/unionfs/spool.node.js'
import { ended, printed, program, start } from '../content/scripts.js'
import { temporaryDirectory } from '../content/support.js'
import { requires } from '../support/requires.js'

const COMPRESSIONS = ['gzip', 'zstd', 'none'] as const
const names = Array.from({ length: 50 }, (_, k) => `/f${String(k).padStart(2, '0')}`)
const textOf = (name: string) => `${name}\n`.repeat(2000 + Number(name.slice(2)))
const change = (path: string, text: string): Change => {
  const bytes = new TextEncoder().encode(text)
  const content = async function* () {
    yield bytes
  }
  return {
    kind: 'add',
    path,
    entry: { type: 'file', path, mode: 0o644, uid: 0, gid: 0, mtimeNs: 0n, xattrs: {}, size: bytes.length, content },
  }
}
const layerOf = (compression: (typeof COMPRESSIONS)[number]) =>
  layerFromChanges(
    names.map((name) => change(name, textOf(name))),
    { compression },
  )

/** The layer, with a count of how often it was opened and of the bytes that were taken. */
function counted(layer: Layer) {
  const seen = { passes: 0, bytes: 0 }
  async function* uncompressed() {
    seen.passes++
    for await (const chunk of inChunksUpTo(layer.uncompressed(), 16_384)) {
      seen.bytes += chunk.length
      yield chunk
    }
  }
  return { seen, layer: { ...layer, entries: () => layer.entries(), compressed: () => layer.compressed(), uncompressed } }
}

/** Contents by path, as functions that read them. */
async function filesOf(contents: LayerContents): Promise<Map<string, () => Promise<string>>> {
  const files = new Map<string, () => Promise<string>>()
  for await (const entry of contents.entries()) {
    if (entry.type === 'file') files.set(entry.path, async () => Buffer.concat(await all(entry.content())).toString())
  }
  return files
}
async function all(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk.slice())
  return chunks
}

/** A spool that takes so many bytes and then is a full disk. */
function small(bytes: number): Spool {
  const memory = inMemory()
  return {
    close: () => memory.close(),
    async room(size) {
      const room = await memory.room(size)
      return {
        read: (offset, length) => room!.read(offset, length),
        async write(offset, part) {
          if (offset + part.length > bytes) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
          await room!.write(offset, part)
        },
      }
    },
  }
}

const kinds: readonly (readonly [string, () => Spool])[] = [
  ['in a file', inFile],
  ['in memory', inMemory],
]

describe.each(kinds)('a layer laid aside %s', (_, createSpool) => {
  it.each(COMPRESSIONS)('is decompressed once more for all files, in any order and at once (%s)', async (compression) => {
    const { seen, layer } = counted(await layerOf(compression))
    const files = await filesOf(new LayerContents(layer, createSpool(), undefined))
    for (const name of [...names].reverse()) expect(await files.get(name)!()).toBe(textOf(name))
    expect(await Promise.all(names.map((name) => files.get(name)!()))).toEqual(names.map(textOf))
    expect(seen.passes).toBe(2)
  })

  it('is decompressed as far as somebody asks, and no further', async () => {
    const { seen, layer } = counted(await layerOf('none'))
    const files = await filesOf(new LayerContents(layer, createSpool(), undefined))
    const { bytes } = seen
    expect(await files.get(names[0]!)!()).toBe(textOf(names[0]!))
    expect(seen.bytes - bytes).toBeLessThan(bytes / 4)
    expect(await files.get(names[20]!)!()).toBe(textOf(names[20]!))
    expect(await files.get(names[3]!)!()).toBe(textOf(names[3]!))
    expect(seen.bytes - bytes).toBeLessThan(bytes * 0.75)
    expect(seen.passes).toBe(2)
  })

  it('is laid aside anew after close', async () => {
    const { seen, layer } = counted(await layerOf('gzip'))
    const spool = createSpool()
    const contents = new LayerContents(layer, spool, undefined)
    const files = await filesOf(contents)
    for (let passes = 2; passes < 5; passes++) {
      for (const name of [names[40]!, names[1]!]) expect(await files.get(name)!()).toBe(textOf(name))
      expect(seen.passes).toBe(passes)
      await contents.close()
      spool.close()
    }
  })

  it('may be closed while it is read', async () => {
    const contents = new LayerContents(await layerOf('gzip'), createSpool(), undefined)
    const files = await filesOf(contents)
    const reading = names.map((name) => files.get(name)!())
    await contents.close()
    expect(await Promise.all(reading)).toEqual(names.map(textOf))
  })

  it('that has another length than before is an error', async () => {
    const [short, long] = [await layerOf('none'), await layerFromChanges([change('/f', 'x'.repeat(3e6))], { compression: 'none' })]
    for (const [first, then] of [
      [short, long],
      [long, short],
    ] as const) {
      let opened = 0
      const changed = {
        ...first,
        entries: () => first.entries(),
        compressed: () => first.compressed(),
        uncompressed: () => (opened++ === 0 ? first : then).uncompressed(),
      }
      const files = await filesOf(new LayerContents(changed, createSpool(), undefined))
      await expect([...files.values()].at(-1)!()).rejects.toMatchObject({ code: 'ERR_FORMAT' })
    }
  })
})

describe('where there is no room', () => {
  it.each([0, 300_000, 1_000_000])('files come out of the layer itself (%d bytes of room)', async (bytes) => {
    const files = await filesOf(new LayerContents(await layerOf('gzip'), small(bytes), undefined))
    for (const name of [...names.slice(25), ...names.slice(0, 25)]) expect(await files.get(name)!()).toBe(textOf(name))
  })

  it('a view in memory keeps 64 MiB and no more', async () => {
    const spool = inMemory()
    expect(await spool.room(40 * 2 ** 20)).toBeDefined()
    expect(await spool.room(24 * 2 ** 20 + 1)).toBeUndefined()
    expect(await spool.room(24 * 2 ** 20)).toBeDefined()
    spool.close()
    expect(await spool.room(64 * 2 ** 20)).toBeDefined()
  })
})

describe('the file of a view', () => {
  const place = temporaryDirectory()
  const before = process.env['TMPDIR']
  const use = (directory: string) => {
    process.env['TMPDIR'] = directory
  }
  beforeEach(() => use(place.path))
  afterEach(() => {
    if (before === undefined) delete process.env['TMPDIR']
    else use(before)
  })
  /** Open files of this test's views. */
  const nameless = () =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith(join(place.path, 'stratabox-view-'))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
        throw error
      }
    }).length

  it('has no name, is one for all layers, and is closed with the view', async () => {
    const open = nameless()
    const view = await UnionFs.of([
      await layerOf('gzip'),
      await layerFromChanges([change('/g', 'g')]),
      await layerFromChanges([change('/h', 'h')]),
    ])
    expect(nameless() - open).toBe(0)
    for (const [name, text] of [
      ['/g', 'g'],
      ['/h', 'h'],
      [names[7]!, textOf(names[7]!)],
    ] as const)
      expect(await view.readFile(name, 'utf8')).toBe(text)
    expect(nameless() - open).toBe(1)
    expect(readdirSync(place.path)).toEqual([])
    await view.close()
    await expect.poll(nameless).toBe(open)
    expect(await view.as({ uid: 1, gid: 1 }).readFile('/g', 'utf8')).toBe('g')
    await view.close()
    await expect.poll(nameless).toBe(open)
  })

  it('has holes for zeros, and a limit', async () => {
    const spool = inFile()
    const room = (await spool.room(10 * 2 ** 30))!
    await room.write(5 * 2 ** 30, new Uint8Array(70_000))
    await room.write(9 * 2 ** 30, Uint8Array.of(7))
    expect(Buffer.from(await room.read(5 * 2 ** 30, 70_000)).equals(Buffer.alloc(70_000))).toBe(true)
    expect([...(await room.read(9 * 2 ** 30, 2))]).toEqual([7, 0])
    expect(await spool.room(6 * 2 ** 30 + 1)).toBeUndefined()
    expect(await spool.room(6 * 2 ** 30)).toBeDefined()
    spool.close()
  })

  it('need not be possible', async () => {
    use(join(place.path, 'missing'))
    await using view = await UnionFs.of([await layerOf('zstd')])
    for (const name of [names[9]!, names[2]!]) expect(await view.readFile(name, 'utf8')).toBe(textOf(name))
  })

  it('may meet a disk that is full', async (ctx) => {
    requires(ctx, 'root')
    const full = join(place.path, 'full')
    mkdirSync(full)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', full])
    try {
      use(full)
      const view = await UnionFs.of([await layerOf('gzip')])
      for (const name of [...names].reverse()) expect(await view.readFile(name, 'utf8')).toBe(textOf(name))
      await view.close()
    } finally {
      await expect.poll(() => execFileSync('umount', [full]).length).toBe(0)
    }
  })

  it('is forgotten with the view that nobody closed, and memory does not grow with the layer', async () => {
    // 400 MB that compress well: read backwards, in places, and the largest file in the middle of it.
    const child = start(
      await program(`
        import { layerFromChanges } from '../../src/layer/index.js'
        import { UnionFs } from '../../src/unionfs/index.js'
        import { readdirSync, readlinkSync } from 'node:fs'
        const piece = Buffer.alloc(1 << 20)
        for (let at = 0; at < piece.length; at++) piece[at] = (at * at) >> 7
        const file = (path, pieces) => ({ kind: 'add', path, entry: { type: 'file', path, mode: 0o644, uid: 0, gid: 0, mtimeNs: 0n, xattrs: {}, size: pieces << 20,
          content: async function* () { for (let k = 0; k < pieces; k++) yield piece } } })
        const changes = [...Array.from({ length: 200 }, (_, k) => file('/f' + String(k).padStart(3, '0'), 1)), file('/large', 200)]
        const layer = await layerFromChanges(changes, { compression: 'zstd' })
        const open = () => readdirSync('/proc/self/fd').filter((fd) => { try { return readlinkSync('/proc/self/fd/' + fd).includes('stratabox-view-') } catch { return false } }).length
        await (async () => {
          const view = await UnionFs.of([layer])
          global.gc()
          const before = process.resourceUsage().maxRSS
          for (let k = 199; k >= 0; k -= 3) if (Buffer.compare(Buffer.from(await view.readFile('/f' + String(k).padStart(3, '0'))), piece) !== 0) throw new Error('wrong bytes')
          let bytes = 0
          for await (const chunk of view.readStream('/large')) bytes += chunk.length
          const handle = await view.open('/large')
          const place = Buffer.alloc(1000)
          await handle.read(place, 0, 1000, (150 << 20) + 5)
          await handle.read(place, 0, 1000, (50 << 20) + 5)
          if (Buffer.compare(place, piece.subarray(5, 1005)) !== 0 || bytes !== 200 << 20) throw new Error('wrong bytes of the large file')
          await handle.close()
          console.log('grew', process.resourceUsage().maxRSS - before, 'open', open())
        })()
        for (let k = 0; k < 50 && open() > 0; k++) { await new Promise((resolve) => setTimeout(resolve, 100)); global.gc() }
        console.log('left', open())
      `),
      [],
      undefined,
      ['--expose-gc'],
    )
    const out = await printed(child, 'left')
    expect(await ended(child)).toBe(0)
    const [, grewKiB, open] = /grew (\d+) open (\d)/.exec(out)!
    expect(Number(grewKiB)).toBeLessThan(64 * 1024)
    expect(open).toBe('1')
    expect(out).toContain('left 0')
  })
})
