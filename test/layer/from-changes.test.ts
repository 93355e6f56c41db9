// Layers from changes: deterministic, and what goes in comes out.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { comparePaths, digestOf, StrataError, UnsupportedError, utf8 } from '../../src/core/index.js'
import { type Change, type InodeEntry, layerFromChanges, layerFromOrdered, type Spool } from '../../src/layer/index.js'
import { MEDIA_TYPE } from '../../src/oci/index.js'
import { readTar } from '../../src/tar/index.js'
import { add, bytesOf, directory, file, hardlink, listing, remove, streamOf, symlink } from '../image/support/make.js'

const PLAIN = { mode: 0o644, uid: 0, gid: 0, mtimeNs: 0n, xattrs: {} }

describe('layerFromChanges', () => {
  it('sorts by the bytes of the paths, parents first', async () => {
    const changes = [file('/a/b', '1'), file('/a-b', '2'), directory('/a'), file('/\uffff', '3'), file('/\u{1f600}', '4'), file('/Z', '5')]
    expect(await listing(await layerFromChanges(changes))).toEqual([
      'file /Z "5"',
      'directory /a',
      'file /a-b "2"',
      'file /a/b "1"',
      'file /\uffff "3"',
      'file /\u{1f600} "4"',
    ])
  })

  // These digests are a promise: the same build gives them on every machine and Node version.
  it('has the digests it always had', async () => {
    const layer = await layerFromChanges([directory('/etc'), file('/etc/motd', 'hi\n'), remove('/gone'), symlink('/l', 'etc/motd')])
    expect([layer.diffId, layer.digest, layer.size]).toEqual([
      'sha256:600ebb965923af115ddb3a41a949ae55132a6d0aeebf42b5471e2edfd38ae4c2',
      'sha256:66419cdf92dad08e43787a9139fc827859cd483dc35b0848b568b5b9379636c1',
      177,
    ])
  })

  it('turns deletes and opaque directories into whiteouts, the marker right after its directory', async () => {
    const layer = await layerFromChanges([directory('/d', { opaque: true }), file('/d/-', 'x'), remove('/gone'), remove('/d/e/gone')])
    const names = []
    for await (const { name, mode, size, mtimeNs } of readTar(layer.uncompressed())) names.push([name, mode, size, mtimeNs])
    expect(names.map(([name]) => name)).toEqual(['d/', 'd/.wh..wh..opq', 'd/-', 'd/e/.wh.gone', '.wh.gone'])
    expect(names[1]).toEqual(['d/.wh..wh..opq', 0, 0, 0n])
    expect(await listing(layer)).toEqual(['directory /d', 'opaque /d', 'file /d/- "x"', 'whiteout /d/e/gone', 'whiteout /gone'])
  })

  it('names the root ./', async () => {
    for await (const { name } of readTar((await layerFromChanges([directory('/')])).uncompressed())) expect(name).toBe('./')
  })

  it('keeps hard links, with the content at the first name whatever name had it', async () => {
    const expected = ['file /a "x"', 'hardlink /b -> /a', 'hardlink /c -> /a']
    const one = await layerFromChanges([file('/c', 'x'), hardlink('/a', '/b'), hardlink('/b', '/c')])
    const other = await layerFromChanges([hardlink('/c', '/a'), file('/a', 'x'), hardlink('/b', '/a')])
    expect(await listing(one)).toEqual(expected)
    expect(one.digest).toBe(other.digest)
  })

  it('keeps a hard link to a file of a lower layer', async () => {
    expect(await listing(await layerFromChanges([hardlink('/a', '/lower')]))).toEqual(['hardlink /a -> /lower'])
  })

  it('keeps hard links between symbolic links and devices', async () => {
    expect(await listing(await layerFromChanges([symlink('/s', 't'), hardlink('/r', '/s')]))).toEqual([
      'symlink /r -> t',
      'hardlink /s -> /r',
    ])
  })

  it('compresses as asked, and says so in the media type', async () => {
    const gzip = await layerFromChanges([file('/a')])
    const none = await layerFromChanges([file('/a')], { compression: 'none' })
    expect([gzip.mediaType, none.mediaType]).toEqual([MEDIA_TYPE.layerGzip, MEDIA_TYPE.layer])
    expect(none.digest).toBe(none.diffId)
    expect(gzip.diffId).toBe(none.diffId)
    expect(digestOf(await bytesOf(gzip.compressed()))).toBe(gzip.digest)
    expect(digestOf(await bytesOf(gzip.uncompressed()))).toBe(gzip.diffId)
    expect((await bytesOf(gzip.compressed())).length).toBe(gzip.size)
  })

  it('writes to the spool that it is given, and reads from it each time', async () => {
    let opened = 0
    const kept: Uint8Array[] = []
    const spool: Spool = {
      write: async (stream) => {
        kept.push(await bytesOf(stream))
        return { digest: digestOf(kept[0]!), size: kept[0]!.length, open: () => streamOf(kept[opened++ * 0]!) }
      },
    }
    const layer = await layerFromChanges([file('/a', 'x')], { spool })
    expect(await listing(layer)).toEqual(await listing(layer))
    expect(opened).toBeGreaterThanOrEqual(2)
  })

  it.each([
    ['two changes of one path', [file('/a'), remove('/a')], TypeError],
    ['a path that is not normal', [file('/a/../b')], TypeError],
    ['a relative path', [file('a')], TypeError],
    ['an entry of another path', [{ ...file('/a'), path: '/b' } as Change], TypeError],
    ['a deletion of the root', [remove('/')], TypeError],
    ['hard links in a circle', [hardlink('/a', '/b'), hardlink('/b', '/a')], TypeError],
    ['a hard link to a directory', [directory('/d'), hardlink('/a', '/d')], TypeError],
    ['a hard link to what is deleted', [remove('/d'), hardlink('/a', '/d')], TypeError],
    ['a name that would be a whiteout', [file('/.wh.a')], UnsupportedError],
    ['a directory that would be a whiteout', [file('/.wh.d/a')], UnsupportedError],
    ['an extended attribute that a tar cannot name', [file('/a', '', { xattrs: { 'user.x=y': utf8('') } })], UnsupportedError],
  ] as const)('refuses %s', async (_, changes, error) => expect(layerFromChanges(changes)).rejects.toThrow(error))

  it('refuses unknown options by name', async () => {
    await expect(layerFromChanges([], { compresion: 'none' } as object)).rejects.toThrow(/compresion/)
  })

  it('fails when a file is not as long as its entry says', async () => {
    const entry: InodeEntry = { ...PLAIN, type: 'file', path: '/a', size: 4, content: () => streamOf(utf8('abc')) }
    await expect(layerFromChanges([add(entry)])).rejects.toThrow(StrataError)
  })

  it('stops with the reason when it is aborted, before and during', async () => {
    await expect(layerFromChanges([file('/a')], { signal: AbortSignal.abort(new Error('early')) })).rejects.toThrow('early')
    const controller = new AbortController()
    async function* content() {
      yield utf8('ab')
      controller.abort(new Error('late'))
      yield utf8('cd')
    }
    const entry: InodeEntry = { ...PLAIN, type: 'file', path: '/a', size: 4, content }
    await expect(layerFromChanges([add(entry)], { signal: controller.signal })).rejects.toThrow('late')
  })

  const name = fc.stringMatching(/^[a-cé\udcff-]{1,3}$/)
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => `/${parts.join('/')}`)
  const attributes = fc.record({
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: fc.integer({ min: 0, max: 2 ** 32 - 2 }),
    gid: fc.nat(100_000),
    mtimeNs: fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }),
    xattrs: fc.dictionary(fc.constantFrom('user.a', 'user.b', 'security.capability'), fc.uint8Array({ maxLength: 20 })),
  })
  const change: fc.Arbitrary<Change> = fc.oneof(
    fc.tuple(path, fc.string({ maxLength: 40 }), attributes).map(([at, content, rest]) => file(at, content, rest)),
    fc.tuple(path, attributes, fc.boolean()).map(([at, rest, opaque]) => directory(at, { ...rest, opaque })),
    path.map(remove),
    fc.tuple(path, fc.stringMatching(/^[a-z/.é]{1,150}$/)).map(([at, target]) => symlink(at, target)),
    fc.tuple(path, fc.nat(4095), fc.nat(2 ** 20 - 1)).map(([at, major, minor]) => add({ ...PLAIN, type: 'block', path: at, major, minor })),
    path.map((at) => add({ ...PLAIN, type: 'fifo', path: at })),
  )
  const changes = fc.uniqueArray(change, { selector: (each) => each.path, maxLength: 8 })

  it('gives one digest for one set of changes, in whatever order they come', async () => {
    const shuffled = changes.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })))
    await fc.assert(
      fc.asyncProperty(shuffled, async ([list, other]) => {
        expect((await layerFromChanges(list)).digest).toBe((await layerFromChanges(other)).digest)
      }),
      { numRuns: 60 },
    )
  })

  it('gives back what went in', async () => {
    await fc.assert(
      fc.asyncProperty(changes, async (list) => {
        const layer = await layerFromChanges(list, { compression: 'none' })
        const expected = [...list]
          .sort((a, b) => comparePaths(a.path, b.path))
          .flatMap((each) => {
            if (each.kind === 'delete') return [{ type: 'whiteout', path: each.path }]
            const { opaque, content: _, ...entry } = each.entry as InodeEntry & { opaque?: boolean; content?: unknown }
            return [entry, ...(opaque === true ? [{ type: 'opaque', path: each.path }] : [])]
          })
        const actual = []
        for await (const { content: _, ...entry } of layer.entries() as AsyncIterable<{ content?: unknown }>) actual.push(entry)
        expect(actual).toEqual(expected)
      }),
      { numRuns: 60 },
    )
  })
})

describe('layerFromOrdered', () => {
  it('keeps the order it is given', async () => {
    expect(await listing(await layerFromOrdered([file('/b', '1'), file('/a', '2')]))).toEqual(['file /b "1"', 'file /a "2"'])
  })
})
