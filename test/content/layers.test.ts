// Layers as overlay lower directories.
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Unpacked } from '../../src/content/index.js'
import { encodePath } from '../../src/core/index.js'
import type { Image } from '../../src/image/index.js'
import { native } from '../../src/native/index.js'
import { contentIdMode } from './id-mode.js'
import { deleted, directory, file, imageWith, node, temporaryStore } from './support.js'

const place = temporaryStore()
const idMode = contentIdMode()
const isRoot = process.getuid?.() === 0

async function unpack(image: Image): Promise<{ unpacked: Unpacked; at: (layer: number, path: string) => string }> {
  const unpacked = await (await place.open()).unpacked(image, { idMode })
  return { unpacked, at: (layer, path) => join(unpacked.root, unpacked.names[layer]!, path) }
}
const isOpaque = (path: string) => native().getxattr(-100, encodePath(path), 'user.overlay.opaque')?.[0] === 0x79
const isWhiteout = (path: string) => {
  const found = lstatSync(path)
  return found.isCharacterDevice() && found.rdev === 0
}

describe('an unpacked layer', () => {
  it('is a directory with a short name that fits an overlay option', async () => {
    const { unpacked, at } = await unpack(await imageWith([file('/etc/x', 'one')], [file('/b', 'two')]))
    expect(unpacked.names).toHaveLength(2)
    for (const name of unpacked.names) expect(name).toMatch(/^[0-9a-f]{12}\/d$/)
    expect(readFileSync(at(0, 'etc/x'), 'utf8')).toBe('one')
    expect(readdirSync(at(1, ''))).toEqual(['b'])
  })

  it('has the modes, times, links and attributes of the image', async () => {
    const mtimeNs = 1_234_567_890_123_456_789n
    const { at } = await unpack(
      await imageWith([
        directory('/d', { mode: 0o1755, mtimeNs }),
        file('/d/f', 'text', { mode: 0o4640, mtimeNs, xattrs: { 'user.a': encodePath('1') } }),
        node({ type: 'hardlink', path: '/d/g', target: '/d/f' }),
        node({ type: 'symlink', path: '/d/l', target: '../nowhere', mtimeNs: -1n }),
        node({ type: 'fifo', path: '/d/p', mode: 0o600 }),
      ]),
    )
    const stat = (path: string) => lstatSync(at(0, path), { bigint: true })
    expect([stat('d').mode & 0o7777n, stat('d').mtimeNs]).toEqual([0o1755n, mtimeNs])
    expect([stat('d/f').mode & 0o7777n, stat('d/f').mtimeNs, stat('d/f').nlink]).toEqual([0o4640n, mtimeNs, 2n])
    expect(stat('d/g').ino).toBe(stat('d/f').ino)
    expect([readlinkSync(at(0, 'd/l')), stat('d/l').mtimeNs]).toEqual(['../nowhere', -1n])
    expect(lstatSync(at(0, 'd/p')).isFIFO()).toBe(true)
    expect(native().getxattr(-100, encodePath(at(0, 'd/f')), 'user.a')).toEqual(encodePath('1'))
  })

  it('with closed directories and read-only files is complete, for an ordinary user too, and can be collected', async () => {
    const image = await imageWith([
      directory('/closed', { mode: 0o555 }),
      file('/closed/f', 'x', { mode: 0, xattrs: { 'user.a': encodePath('1') } }),
      directory('/none', { mode: 0 }),
      file('/none/f', 'x'),
    ])
    const store = await place.open()
    const unpacked = await store.unpacked(image, { idMode })
    const top = join(unpacked.root, unpacked.names[0]!)
    expect([
      lstatSync(join(top, 'closed')).mode & 0o7777,
      lstatSync(join(top, 'none')).mode & 0o7777,
      lstatSync(join(top, 'closed/f')).mode & 0o7777,
    ]).toEqual([0o555, 0, 0])
    await unpacked.release()
    expect(await store.collect()).toMatchObject({ removedLayers: 1 })
    expect(readdirSync(unpacked.root)).toEqual([])
    expect(readdirSync(join(place.path, 'tmp'))).toEqual([])
  })

  it('keeps owners on disk for root, and beside the layer for others', async () => {
    const { unpacked, at } = await unpack(await imageWith([file('/f', 'x', { uid: 1000, gid: 4_000_000_000 })]))
    const { owners } = JSON.parse(readFileSync(join(unpacked.root, unpacked.names[0]!, '..', 'unapplied.json'), 'utf8'))
    const { uid, gid } = lstatSync(at(0, 'f'))
    if (isRoot) expect([uid, gid, owners]).toEqual([1000, 4_000_000_000, {}])
    else expect([uid, gid, owners]).toEqual([process.getuid?.(), process.getgid?.(), { '/f': [1000, 4_000_000_000] }])
  })

  it('never has overlay attributes that an image brought', async () => {
    const xattrs = { 'user.overlay.opaque': encodePath('y'), 'user.overlay.redirect': encodePath('/etc') }
    const { at } = await unpack(await imageWith([file('/d/a', 'x')], [directory('/d', { xattrs }), file('/d/b', 'x', { xattrs })]))
    expect(
      native()
        .listxattr(-100, encodePath(at(1, 'd')))
        .filter((name) => name.includes('overlay')),
    ).toEqual([])
    expect(
      native()
        .listxattr(-100, encodePath(at(1, 'd/b')))
        .filter((name) => name.includes('overlay')),
    ).toEqual([])
  })

  it('makes devices for root alone', async () => {
    const { at } = await unpack(await imageWith([node({ type: 'char', path: '/dev/null', major: 1, minor: 3 })]))
    if (isRoot) expect(lstatSync(at(0, 'dev/null')).rdev).toBe(0x103)
    else expect(existsSync(at(0, 'dev/null'))).toBe(false)
  })
})

describe('a deletion', () => {
  it('is a whiteout where a lower layer has the path', async () => {
    const { at } = await unpack(await imageWith([file('/d/a', 'x'), file('/d/b', 'x')], [directory('/d'), deleted('/d/a')]))
    expect(isWhiteout(at(1, 'd/a'))).toBe(true)
  })

  it('of what is not there leaves no trace, which would show in a listing', async () => {
    const { at } = await unpack(await imageWith([file('/d/a', 'x')], [deleted('/d/nothing'), deleted('/nothing/at/all')]))
    expect(readdirSync(at(1, ''))).toEqual([])
  })

  it('inside an opaque directory leaves no trace either', async () => {
    const { at } = await unpack(
      await imageWith([file('/d/s/a', 'x')], [directory('/d', { opaque: true }), deleted('/d/s/a'), directory('/d/s')]),
    )
    expect(isOpaque(at(1, 'd'))).toBe(true)
    expect(readdirSync(at(1, 'd/s'))).toEqual([])
  })

  it('of a file that a directory replaces makes that directory opaque', async () => {
    const layer = await imageWith([file('/d/a', 'x')], [file('/d', 'a file')], [directory('/d'), file('/d/b', 'x')])
    const { at } = await unpack(layer)
    expect(lstatSync(at(1, 'd')).isFile()).toBe(true)
    expect(readdirSync(at(2, 'd'))).toEqual(['b'])
  })
})

describe('a layer that is not complete in itself', () => {
  it('has the directories it does not describe as the layers below have them', async () => {
    const below = [directory('/d', { mode: 0o711, mtimeNs: 5_000_000_000n, xattrs: { 'user.a': encodePath('1') } }), file('/d/a', 'x')]
    const { at } = await unpack(await imageWith(below, [file('/d/b', 'x')]))
    const { mode, mtimeMs } = lstatSync(at(1, 'd'))
    expect([mode & 0o7777, mtimeMs]).toEqual([0o711, 5000])
    expect(native().getxattr(-100, encodePath(at(1, 'd')), 'user.a')).toEqual(encodePath('1'))
  })

  it('is unpacked once for each stack it lies on, and a complete one once for all', async () => {
    const store = await place.open()
    const incomplete = [file('/d/b', 'x')]
    const one = await store.unpacked(await imageWith([directory('/d', { mode: 0o711 })], incomplete), { idMode })
    const other = await store.unpacked(await imageWith([directory('/d', { mode: 0o700 })], incomplete), { idMode })
    expect(one.names[1]).not.toBe(other.names[1])
    const complete = [directory('/e'), file('/e/b', 'x')]
    const third = await store.unpacked(await imageWith([file('/1', '')], complete), { idMode })
    const fourth = await store.unpacked(await imageWith([file('/2', '')], complete), { idMode })
    expect(third.names[1]).toBe(fourth.names[1])
  })

  it('with a hard link to a lower file has that file too, under both names', async () => {
    const image = await imageWith([file('/a', 'text', { mode: 0o600 })], [node({ type: 'hardlink', path: '/b', target: '/a' })])
    const { at } = await unpack(image)
    expect(lstatSync(at(1, 'b')).ino).toBe(lstatSync(at(1, 'a')).ino)
    expect([readFileSync(at(1, 'a'), 'utf8'), lstatSync(at(1, 'a')).mode & 0o7777]).toEqual(['text', 0o600])
  })

  it('with a hard link to what a lower layer deleted is refused', async () => {
    const image = await imageWith([file('/a', 'x')], [deleted('/a')], [node({ type: 'hardlink', path: '/b', target: '/a' })])
    await expect(unpack(image)).rejects.toMatchObject({ code: 'ERR_FORMAT' })
    expect(readdirSync(join(place.path, 'tmp'))).toEqual([])
  })
})

describe('unpacking', () => {
  it('at the same time from several sides is done once', async () => {
    const image = await imageWith([file('/a', 'x')], [file('/b', 'x')])
    const [one, other] = [await place.open(), await place.open()]
    const all = await Promise.all([one, one, other, other].map((store) => store.unpacked(image, { idMode })))
    expect(new Set(all.map(({ names }) => names.join())).size).toBe(1)
    expect(readdirSync(all[0]!.root)).toHaveLength(2)
    expect(readdirSync(join(place.path, 'tmp'))).toEqual([])
  })

  it('that is aborted leaves nothing', async () => {
    const abort = new AbortController()
    const slow = {
      kind: 'add' as const,
      path: '/f',
      entry: {
        type: 'file' as const,
        path: '/f',
        mode: 0o644,
        uid: 0,
        gid: 0,
        mtimeNs: 0n,
        xattrs: {},
        size: 1,
        content: async function* () {
          yield Uint8Array.of(1)
        },
      },
    }
    const image = await imageWith([slow, ...Array.from({ length: 50 }, (_, k) => file(`/x${k}`, 'x'))])
    abort.abort(new Error('enough'))
    await expect((await place.open()).unpacked(image, { idMode, signal: abort.signal })).rejects.toThrow('enough')
    expect(readdirSync(join(place.path, 'tmp'))).toEqual([])
  })

  it('for one caller is not ended by the abort of another', async () => {
    const image = await imageWith(Array.from({ length: 200 }, (_, k) => file(`/x${k}`, 'x')))
    const store = await place.open()
    const abort = new AbortController()
    const [aborted, other] = [store.unpacked(image, { idMode, signal: abort.signal }), store.unpacked(image, { idMode })]
    abort.abort(new Error('enough'))
    await expect(aborted).rejects.toThrow('enough')
    expect((await other).names).toHaveLength(1)
  })

  it('names a layer that comes twice in an image once: the kernel refuses a directory twice', async () => {
    const { unpacked } = await unpack(
      await imageWith([directory('/e'), file('/e/a', 'x')], [file('/b', 'x')], [directory('/e'), file('/e/a', 'x')]),
    )
    expect(unpacked.names).toHaveLength(2)
    expect(readdirSync(join(unpacked.root, unpacked.names[1]!))).toEqual(['e'])
  })

  it('is done again after a boot that could have followed a power cut', async () => {
    const image = await imageWith([file('/a', 'text')])
    const first = await place.open()
    const { root, names } = await first.unpacked(image, { idMode })
    await first.close()
    const record = join(root, names[0]!, '..', 'layer.json')
    writeFileSync(record, readFileSync(record, 'utf8').replace(/"bootId":"[^"]*"/, '"bootId":"another"'))
    truncateSync(join(root, names[0]!, 'a'))
    const again = await (await place.open()).unpacked(image, { idMode })
    expect(again.names).toEqual(names)
    expect(readFileSync(join(root, names[0]!, 'a'), 'utf8')).toBe('text')
    expect(readdirSync(join(place.path, 'tmp'))).toEqual([])
  })

  it('is not done again after a boot where the layer was used later', async () => {
    const image = await imageWith([file('/a', 'text')])
    const first = await place.open()
    const { root, names } = await first.unpacked(image, { idMode })
    await first.close()
    const record = join(root, names[0]!, '..', 'layer.json')
    const text = readFileSync(record, 'utf8')
    writeFileSync(record, text.replace(/"uptimeS":\d+/, '"uptimeS":-1000'))
    const second = await place.open()
    const { ino } = lstatSync(join(root, names[0]!, 'a'))
    await second.unpacked(image, { idMode })
    await second.close()
    writeFileSync(record, text.replace(/"bootId":"[^"]*"/, '"bootId":"another"'))
    await (await place.open()).unpacked(image, { idMode })
    expect(lstatSync(join(root, names[0]!, 'a')).ino).toBe(ino)
  })

  it('says what the image says of its top directory', async () => {
    const { unpacked } = await unpack(await imageWith([directory('/', { mode: 0o711, mtimeNs: 7n })], [file('/a', 'x')]))
    expect(unpacked.rootMetadata).toEqual({ mode: 0o711, uid: 0, gid: 0, mtimeNs: '7' })
  })

  it('with sub-ids is refused by name', async () => {
    await expect((await place.open()).unpacked(await imageWith([file('/a', 'x')]), { idMode: 'sub' })).rejects.toMatchObject({
      code: 'ERR_UNSUPPORTED',
    })
  })
})
