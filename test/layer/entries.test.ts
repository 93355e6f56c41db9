// From tar to entries: names, whiteouts, leftovers, and what no layer may hold.
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { DigestMismatchError, digestOf, FormatError } from '../../src/core/index.js'
import { type Layer, layerFromBlob, layerFromChanges, layerFromTar } from '../../src/layer/index.js'
import { MEDIA_TYPE } from '../../src/oci/index.js'
import { bytesOf, file, listing, streamOf } from '../image/support/make.js'
import { type Blocks, end, join, member, pax, raw } from '../tar/support/raw.js'

const layerOf = (...blocks: Blocks): Promise<Layer> => {
  const tar = join(...blocks, end)
  return layerFromTar(() => streamOf(tar))
}
const list = async (...blocks: Blocks) => listing(await layerOf(...blocks))
const refused = async (...blocks: Blocks) => expect(list(...blocks)).rejects.toThrow(FormatError)

describe('names', () => {
  it.each([
    ['a', '/a'],
    ['./a//b/', '/a/b'],
    ['/abs/olute', '/abs/olute'],
    ['a/./b', '/a/b'],
    ['C:\\x', '/C:\\x'],
  ])('%j is the path %j', async (name, path) => expect(await list(member(name))).toEqual([`file ${path} ""`]))

  it.each(['..', '../a', 'a/../b', '/..', 'a/..'])('refuses %j', async (name) => refused(member(name)))

  it('takes a directory as the root, nothing else', async () => {
    expect(await list(raw({ name: './', typeflag: '5' }))).toEqual(['directory /'])
    await refused(raw({ name: '.', typeflag: '2', linkname: '/tmp' }))
    await refused(member('./'))
  })

  it('takes paths of 4,095 bytes and not of 4,096', async () => {
    const path = (length: number) => `${'a/'.repeat(2040)}${'b'.repeat(length - 4080)}`
    expect((await list(pax({ path: path(4094) }), raw({}))).length).toBe(1)
    await refused(pax({ path: path(4095) }), raw({}))
  })
})

describe('whiteouts', () => {
  it('are taken whatever type their member has', async () => {
    const markers = [
      member('d/.wh.a', 'content'),
      raw({ name: '.wh.b', typeflag: '2', linkname: 'x' }),
      raw({ name: '.wh.c/', typeflag: '5' }),
    ]
    expect(await list(...markers)).toEqual(['whiteout /d/a', 'whiteout /b', 'whiteout /c'])
  })

  it('make a directory opaque', async () =>
    expect(await list(member('d/.wh..wh..opq'), member('.wh..wh..opq'))).toEqual(['opaque /d', 'opaque /']))

  it('passes over what AUFS left', async () => {
    const left = [
      raw({ name: '.wh..wh.plnk/', typeflag: '5' }),
      member('.wh..wh.plnk/12.3', 'x'),
      member('d/.wh..wh.aufs'),
      member('.wh..wh..opq/x'),
    ]
    expect(await list(...left, member('keep'))).toEqual(['file /keep ""'])
  })

  it.each(['.wh.', '.wh..', '.wh...', 'd/.wh.', '.wh.d/x'])('refuses %j', async (name) => refused(member(name)))

  it('are no whiteouts in the middle of a name', async () => expect(await list(member('a.wh.b'))).toEqual(['file /a.wh.b ""']))
})

describe('what no layer may hold', () => {
  it('is refused: a hard link that leads out, to itself, to the root or to a whiteout', async () => {
    for (const linkname of ['../x', 'f', './/f', '/', '.wh.x', '.wh..wh.plnk/1', '']) await refused(raw({ typeflag: '1', linkname }))
  })

  it('is refused: a symbolic link without a target, while any target is taken', async () => {
    await refused(raw({ typeflag: '2' }))
    expect(await list(raw({ typeflag: '2', linkname: '../../../etc/passwd' }))).toEqual(['symlink /f -> ../../../etc/passwd'])
  })

  it('is refused: a character device 0:0, which an overlay takes for a whiteout; a block device is not', async () => {
    await refused(raw({ typeflag: '3', devmajor: '0000000', devminor: '0000000' }))
    expect(await list(raw({ typeflag: '3', devmajor: '0000000', devminor: '0000001' }))).toEqual(['char /f'])
    expect(await list(raw({ typeflag: '4' }))).toEqual(['block /f'])
  })

  it('is refused: an owner that chown takes for "as it is"', async () => {
    expect((await list(pax({ uid: `${2 ** 32 - 2}` }), raw({}))).length).toBe(1)
    await refused(pax({ uid: `${2 ** 32 - 1}` }), raw({}))
    await refused(pax({ gid: `${2 ** 40}` }), raw({}))
  })
})

describe('the content of a file', () => {
  it('can be read as it passes, later, and again', async () => {
    const layer = await layerOf(member('a', 'first'), member('b', 'second'))
    const text = async (source: AsyncIterable<Uint8Array>) => new TextDecoder().decode(await bytesOf(source))
    const files = []
    for await (const entry of layer.entries()) {
      if (entry.type !== 'file') continue
      if (entry.path === '/a') expect(await text(entry.content())).toBe('first')
      files.push(entry)
    }
    expect(await Promise.all(files.map((entry) => text(entry.content())))).toEqual(['first', 'second'])
    expect(await text(files[1]!.content())).toBe('second')
  })
})

describe('layerFromTar', () => {
  const tar = join(member('a', 'hello'), end)
  const packed = gzipSync(tar)

  it('finds digest, size, diffID and compression by reading once', async () => {
    const layer = await layerFromTar(() => streamOf(packed))
    expect([layer.digest, layer.diffId, layer.size, layer.mediaType]).toEqual([
      digestOf(packed),
      digestOf(tar),
      packed.length,
      MEDIA_TYPE.layerGzip,
    ])
    expect(await listing(layer)).toEqual(['file /a "hello"'])
    expect((await layerFromTar(() => streamOf(tar))).mediaType).toBe(MEDIA_TYPE.layer)
  })

  it('takes the word of the media type, and refuses one that contradicts the compression', async () => {
    expect((await layerFromTar(() => streamOf(packed), { mediaType: MEDIA_TYPE.dockerLayerGzip })).mediaType).toBe(
      MEDIA_TYPE.dockerLayerGzip,
    )
    await expect(layerFromTar(() => streamOf(tar), { mediaType: MEDIA_TYPE.layerGzip })).rejects.toThrow(FormatError)
    await expect(layerFromTar(() => streamOf(tar), { mediaType: MEDIA_TYPE.layerGzip, compression: 'none' })).rejects.toThrow(TypeError)
  })
})

describe('layerFromBlob', () => {
  it('notices other bytes, other sizes and other contents than were said', async () => {
    const layer = await layerFromChanges([file('/a', 'x')])
    const good = {
      digest: layer.digest,
      diffId: layer.diffId,
      size: layer.size,
      mediaType: layer.mediaType,
      open: () => layer.compressed(),
    }
    const other = await layerFromChanges([file('/b', 'y')])
    expect(await listing(layerFromBlob(good))).toEqual(['file /a "x"'])
    const wrong = [{ open: () => other.compressed() }, { size: layer.size + 1 }, { size: layer.size - 1 }, { diffId: other.diffId }]
    for (const change of wrong) await expect(listing(layerFromBlob({ ...good, ...change }))).rejects.toThrow(DigestMismatchError)
  })

  it('refuses a media type that is no layer', () => {
    const blob = {
      digest: digestOf(new Uint8Array(0)),
      diffId: digestOf(new Uint8Array(0)),
      size: 0,
      mediaType: 'application/x-evil',
      open: () => streamOf(),
    }
    expect(() => layerFromBlob(blob)).toThrow(FormatError)
  })
})
