// Images from images.
import { describe, expect, it } from 'vitest'
import { digestOf, utf8 } from '../../src/core/index.js'
import {
  appendLayer,
  emptyImage,
  imageFromBlobs,
  imageOf,
  layerFromChanges,
  rebase,
  squash,
  toOci,
  validate,
  withAnnotations,
  withConfig,
} from '../../src/image/index.js'
import { encodeJson, MEDIA_TYPE } from '../../src/oci/index.js'
import { bytesOf, directory, file, hardlink, imageOfChanges, listing, remove, streamOf, symlink } from './support/make.js'
import { treeOf } from './support/tree.js'

const diffIds = async (image: Awaited<ReturnType<typeof emptyImage>>) => (await image.layers()).map((layer) => layer.diffId)

describe('emptyImage', () => {
  it('has a platform, no layers, and one digest', async () => {
    const image = await emptyImage({
      platform: { os: 'windows', architecture: 'amd64', osVersion: '10.0.1.2' },
      created: '1970-01-01T00:00:00Z',
    })
    expect(await image.config()).toMatchObject({
      os: 'windows',
      architecture: 'amd64',
      'os.version': '10.0.1.2',
      created: '1970-01-01T00:00:00Z',
    })
    expect(await image.layers()).toEqual([])
    expect((await emptyImage()).digest).toBe((await emptyImage({ platform: 'linux/amd64' })).digest)
    expect(await validate(image)).toEqual([])
  })

  it('has the digest of its bytes', async () => {
    const image = await emptyImage()
    expect(digestOf(await image.manifestBytes())).toBe(image.digest)
    expect(digestOf(await image.configBytes())).toBe((await image.manifest()).config.digest)
  })
})

describe('appendLayer', () => {
  it('adds layer, diffID and history, and leaves the old image as it was', async () => {
    const base = await imageOfChanges([file('/a')])
    const before = base.digest
    const layer = await layerFromChanges([file('/b')])
    const image = await appendLayer(base, layer, { created_by: 'b', created: '2020-01-01T00:00:00Z', empty_layer: true })
    const config = await image.config()
    expect(config.rootfs.diff_ids).toEqual([...(await diffIds(base)), layer.diffId])
    expect(config.history).toEqual([{ created_by: 'layer 0' }, { created_by: 'b', created: '2020-01-01T00:00:00Z' }])
    expect(config.created).toBe('2020-01-01T00:00:00Z')
    expect((await image.manifest()).layers[1]).toEqual({ mediaType: layer.mediaType, digest: layer.digest, size: layer.size })
    expect(base.digest).toBe(before)
    expect(await validate(image)).toEqual([])
  })

  it('fills in the history that a base lacks', async () => {
    const base = await withConfig(await imageOfChanges([file('/a')]), { history: undefined })
    const image = await appendLayer(base, await layerFromChanges([file('/b')]), { created_by: 'b' })
    expect((await image.config()).history).toEqual([{}, { created_by: 'b' }])
  })
})

describe('withConfig', () => {
  it('merges fields, removes undefined ones and keeps unknown ones', async () => {
    const one = await withConfig(await emptyImage(), { author: 'me', config: { Env: ['A=1'], User: 'x' } })
    const two = await withConfig(one, (config) => ({ ...config, docker_version: '1' }) as typeof config)
    const three = await withConfig(two, { author: undefined, config: { User: undefined, Cmd: ['/x'] } }, { created_by: 'CMD' })
    const config = await three.config()
    expect(config).not.toHaveProperty('author')
    expect(config).toHaveProperty('docker_version', '1')
    expect(config.config).toEqual({ Env: ['A=1'], Cmd: ['/x'] })
    expect(config.history).toEqual([{ created_by: 'CMD', empty_layer: true }])
  })

  it('refuses another rootfs', async () => {
    const image = await imageOfChanges([file('/a')])
    await expect(withConfig(image, { rootfs: {} } as object)).rejects.toThrow(TypeError)
    await expect(withConfig(image, (config) => ({ ...config, rootfs: { type: 'layers', diff_ids: [] } }))).rejects.toThrow(TypeError)
  })
})

describe('withAnnotations', () => {
  it('sets and removes, and leaves the configuration alone', async () => {
    const image = await withAnnotations(await imageOfChanges([file('/a')]), { a: '1', b: '2' })
    const other = await withAnnotations(image, { a: undefined, c: '3' })
    expect((await other.manifest()).annotations).toEqual({ b: '2', c: '3' })
    expect((await other.manifest()).config).toEqual((await image.manifest()).config)
    expect((await withAnnotations(image, { a: undefined, b: undefined })).digest).toBe((await imageOfChanges([file('/a')])).digest)
  })
})

describe('rebase', () => {
  it('puts the own layers on another base, without reading one', async () => {
    const oldBase = await imageOfChanges([file('/os', 'old')])
    const newBase = await withConfig(await imageOfChanges([file('/os', 'new')], [file('/more')]), { architecture: 'arm64', variant: 'v8' })
    const own = await layerFromChanges([file('/app')])
    const unreadable = { ...own, compressed: () => assertUnread(), uncompressed: () => assertUnread(), entries: () => assertUnread() }
    const app = await withConfig(
      await appendLayer(oldBase, unreadable, { created_by: 'app' }),
      { config: { Cmd: ['/app'] } },
      { created_by: 'CMD' },
    )
    const rebased = await rebase(app, oldBase, newBase)
    const config = await rebased.config()
    expect(config.rootfs.diff_ids).toEqual([...(await diffIds(newBase)), own.diffId])
    expect(config.history?.map((step) => step.created_by)).toEqual(['layer 0', 'layer 1', 'app', 'CMD'])
    expect([config.architecture, config.variant, config.config?.Cmd]).toEqual(['arm64', 'v8', ['/app']])
  })

  it('refuses an image that does not lie on the old base', async () => {
    const [a, b] = [await imageOfChanges([file('/a')]), await imageOfChanges([file('/b')])]
    await expect(rebase(a, b, a)).rejects.toThrow(TypeError)
  })
})

const assertUnread = (): never => {
  throw new Error('a layer was read')
}

describe('squash', () => {
  const layers = [
    [
      directory('/d'),
      file('/d/a', '1'),
      file('/d/b', '2'),
      file('/gone', '3'),
      file('/f', 'file'),
      hardlink('/d/h', '/d/a'),
      symlink('/s', 'd'),
    ],
    [remove('/gone'), remove('/d/b'), file('/d/c', '4'), directory('/f'), file('/f/x', '5'), file('/t')],
    [directory('/d', { opaque: true, mode: 0o700 }), file('/d/new', '6'), hardlink('/d/new2', '/d/new'), directory('/t'), file('/t/new')],
  ] as const

  it.each([0, 1, 2, 3])('keeps the tree and the lowest %d layers', async (keep) => {
    const image = await imageOfChanges(...layers)
    const squashed = await squash(image, { keep })
    expect((await squashed.layers()).length).toBe(Math.min(keep + 1, 3))
    expect(await treeOf(squashed)).toEqual(await treeOf(image))
    expect(await validate(squashed)).toEqual([])
    expect((await squash(image, { keep })).digest).toBe(squashed.digest)
  })

  it('writes no whiteouts where nothing is below, and those that are needed where something is', async () => {
    const image = await imageOfChanges(...layers)
    const whole = await listing((await (await squash(image)).layers())[0]!)
    expect(whole.filter((line) => /whiteout|opaque/.test(line))).toEqual([])
    const upper = await listing((await (await squash(image, { keep: 1 })).layers())[1]!)
    expect(upper.filter((line) => /whiteout|opaque/.test(line))).toEqual(['whiteout /gone', 'opaque /d', 'opaque /t'])
  })

  it('keeps a hard link to a file below', async () => {
    const image = await imageOfChanges([file('/a', 'x')], [hardlink('/b', '/a')], [file('/c')])
    expect(await listing((await (await squash(image, { keep: 1 })).layers())[1]!)).toEqual(['file /c ""', 'hardlink /b -> /a'])
  })

  it('keeps the content of a link whose first name was replaced', async () => {
    const image = await imageOfChanges([file('/a', 'old'), hardlink('/b', '/a')], [file('/a', 'new')])
    expect((await listing((await (await squash(image)).layers())[0]!)).sort()).toEqual(['file /a "new"', 'file /b "old"'])
  })

  it.each([-1, 4, 1.5])('refuses to keep %d of 3 layers', async (keep) => {
    await expect(squash(await imageOfChanges(...layers), { keep })).rejects.toThrow(RangeError)
  })
})

describe('toOci', () => {
  it('translates the media types of a Docker image and keeps its configuration', async () => {
    const image = await imageOfChanges([file('/a', 'x')])
    const [manifest, [layer]] = [await image.manifest(), await image.layers()]
    const docker = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.dockerManifest,
      config: { ...manifest.config, mediaType: MEDIA_TYPE.dockerConfig },
      layers: [{ ...manifest.layers[0], mediaType: MEDIA_TYPE.dockerLayerGzip }],
    }
    const blobs = new Map([
      [manifest.config.digest, await image.configBytes()],
      [layer!.digest, await bytesOf(layer!.compressed())],
    ])
    const opened = imageFromBlobs(({ digest }) => streamOf(blobs.get(digest)!), encodeJson(docker))
    expect([opened.mediaType, (await opened.layers())[0]?.mediaType]).toEqual([MEDIA_TYPE.dockerManifest, MEDIA_TYPE.dockerLayerGzip])
    const converted = await toOci(opened)
    expect(converted.digest).toBe(image.digest)
    expect(await validate(converted)).toEqual([])
    expect(await toOci(converted)).toBe(converted)
    expect((await appendLayer(opened, await layerFromChanges([file('/b')]))).mediaType).toBe(MEDIA_TYPE.manifest)
  })
})

describe('imageOf', () => {
  it('refuses a configuration of other layers', async () => {
    const layer = await layerFromChanges([file('/a')])
    const config = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [digestOf(utf8('x'))] } } as const
    await expect(imageOf({ config, layers: [layer] })).rejects.toThrow(TypeError)
    await expect(imageOf({ config, layers: [] })).rejects.toThrow(TypeError)
  })
})
