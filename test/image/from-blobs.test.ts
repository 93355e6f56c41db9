// Images from blobs: lazy, verified, and every mismatch reported.
import { describe, expect, it } from 'vitest'
import { DigestMismatchError, digestOf, FormatError, utf8 } from '../../src/core/index.js'
import {
  blobsOf,
  descriptorOf,
  descriptorOfAny,
  emptyImage,
  type Image,
  imageFor,
  imageFromBlobs,
  indexFromBlobs,
  indexOf,
  validate,
  withConfig,
} from '../../src/image/index.js'
import { type Descriptor, encodeJson, MEDIA_TYPE } from '../../src/oci/index.js'
import { bytesOf, file, imageOfChanges, streamOf } from './support/make.js'

/** A blob source in memory that counts what is asked of it. */
class Blobs {
  readonly bytes = new Map<string, Uint8Array>()
  readonly asked: string[] = []
  readonly read = ({ digest }: Descriptor) => {
    this.asked.push(digest)
    return streamOf(this.bytes.get(digest)!)
  }

  static async of(value: Parameters<typeof blobsOf>[0]): Promise<Blobs> {
    const blobs = new Blobs()
    for (const { descriptor, open } of await blobsOf(value)) blobs.bytes.set(descriptor.digest, await bytesOf(open()))
    return blobs
  }
}

describe('imageFromBlobs', () => {
  it('reads nothing before it is asked, and each document once', async () => {
    const made = await imageOfChanges([file('/a', 'x')])
    const blobs = await Blobs.of(made)
    const image = imageFromBlobs(blobs.read, await descriptorOf(made))
    expect([image.digest, blobs.asked]).toEqual([made.digest, []])
    expect(await image.config()).toEqual(await made.config())
    await image.manifest()
    await image.layers()
    expect(blobs.asked.length).toBe(2)
    expect(await validate(image)).toEqual([])
  })

  it('opens from the manifest itself', async () => {
    const made = await imageOfChanges([file('/a', 'x')])
    const image = imageFromBlobs((await Blobs.of(made)).read, await made.manifestBytes())
    expect([image.digest, image.mediaType]).toEqual([made.digest, MEDIA_TYPE.manifest])
    expect(await validate(image)).toEqual([])
  })

  it('refuses other bytes than the digest says, for each document', async () => {
    const made = await imageOfChanges([file('/a', 'x')])
    for (const digest of [made.digest, (await made.manifest()).config.digest]) {
      const blobs = await Blobs.of(made)
      blobs.bytes.set(
        digest,
        blobs.bytes.get(digest)!.map((byte, at) => (at === 5 ? byte ^ 1 : byte)),
      )
      await expect(imageFromBlobs(blobs.read, await descriptorOf(made)).config()).rejects.toThrow(DigestMismatchError)
    }
  })

  it('tries again after a failure', async () => {
    const made = await imageOfChanges([file('/a', 'x')])
    const blobs = await Blobs.of(made)
    const good = blobs.bytes.get(made.digest)!
    blobs.bytes.set(made.digest, utf8('broken'))
    const image = imageFromBlobs(blobs.read, await descriptorOf(made))
    await expect(image.manifest()).rejects.toThrow(DigestMismatchError)
    blobs.bytes.set(made.digest, good)
    expect((await image.manifest()).schemaVersion).toBe(2)
  })

  it('refuses an endless document', async () => {
    const made = await imageOfChanges([file('/a', 'x')])
    async function* endless() {
      for (;;) yield new Uint8Array(1024)
    }
    await expect(imageFromBlobs(endless, await descriptorOf(made)).manifest()).rejects.toThrow(DigestMismatchError)
    await expect(imageFromBlobs(endless, { ...(await descriptorOf(made)), size: 2 ** 40 }).manifest()).rejects.toThrow(FormatError)
  })

  it('refuses an index, a manifest of another type than its descriptor says, a strange configuration and missing diffIDs', async () => {
    const made = await imageOfChanges([file('/a', 'x')])
    const blobs = await Blobs.of(made)
    const descriptor = await descriptorOf(made)
    expect(() => imageFromBlobs(blobs.read, { ...descriptor, mediaType: MEDIA_TYPE.index })).toThrow(FormatError)
    await expect(imageFromBlobs(blobs.read, { ...descriptor, mediaType: MEDIA_TYPE.dockerManifest }).manifest()).rejects.toThrow(
      FormatError,
    )
    const manifest = await made.manifest()
    const artifact = encodeJson({ ...manifest, config: { ...manifest.config, mediaType: MEDIA_TYPE.empty } })
    await expect(imageFromBlobs(blobs.read, artifact).config()).rejects.toThrow(FormatError)
    await expect(imageFromBlobs(blobs.read, encodeJson({ ...manifest, layers: [] })).layers()).rejects.toThrow(FormatError)
    const evil = encodeJson({ ...manifest, layers: [{ ...manifest.layers[0], mediaType: 'application/x-evil' }] })
    await expect(imageFromBlobs(blobs.read, evil).layers()).rejects.toThrow(FormatError)
  })
})

describe('validate', () => {
  const problems = async (image: Image) => (await validate(image)).map(({ where }) => where)

  it('reports every layer that is not what it should be', async () => {
    const made = await imageOfChanges([file('/a', 'x')], [file('/b', 'y')], [file('/c', 'z')])
    const blobs = await Blobs.of(made)
    const { layers } = await made.manifest()
    for (const at of [0, 2]) blobs.bytes.set(layers[at]!.digest, utf8('other'))
    expect(await problems(imageFromBlobs(blobs.read, await descriptorOf(made)))).toEqual(['$.layers[0]', '$.layers[2]'])
  })

  it('reports a manifest or configuration that cannot be read, and a history of other layers', async () => {
    const made = await imageOfChanges([file('/a', 'x')])
    const blobs = await Blobs.of(made)
    blobs.bytes.set(made.digest, utf8('x'))
    expect(await problems(imageFromBlobs(blobs.read, await descriptorOf(made)))).toEqual(['$'])
    expect(await problems(await withConfig(made, { history: [] }))).toEqual(['$.history'])
  })

  it('passes errors that are no findings, and the reason of an abort', async () => {
    const made = await imageOfChanges([file('/a', 'x')])
    const broken = imageFromBlobs(
      () => {
        throw new RangeError('disk on fire')
      },
      await descriptorOf(made),
    )
    await expect(validate(broken)).rejects.toThrow('disk on fire')
    await expect(validate(made, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
  })
})

describe('an index', () => {
  const forPlatform = async (architecture: string, variant?: string) =>
    withConfig(await imageOfChanges([file('/a', architecture)]), { architecture, ...(variant === undefined ? {} : { variant }) })

  it('lists images with their platforms, opens from blobs and chooses', async () => {
    const images = await Promise.all([forPlatform('amd64'), forPlatform('arm64', 'v8'), forPlatform('arm', 'v6')])
    const made = await indexOf(images, { annotations: { a: 'b' } })
    const index = indexFromBlobs((await Blobs.of(made)).read, await descriptorOfAny(made))
    expect(index.digest).toBe(digestOf(await index.indexBytes()))
    expect((await index.index()).annotations).toEqual({ a: 'b' })
    expect((await index.images()).map(({ platform }) => platform)).toEqual([
      { os: 'linux', architecture: 'amd64' },
      { os: 'linux', architecture: 'arm64' },
      { os: 'linux', architecture: 'arm', variant: 'v6' },
    ])
    const chosen = async (platform: Parameters<typeof imageFor>[1]) => (await imageFor(index, platform))?.digest
    expect(await chosen('linux/arm64/v8')).toBe(images[1]!.digest)
    expect(await chosen('linux/arm/v7')).toBe(images[2]!.digest)
    expect(await chosen('linux/arm/v5')).toBeUndefined()
    expect(await chosen('windows/amd64')).toBeUndefined()
  })

  it('gives a Windows host the newest image that it runs', async () => {
    const versions = ['10.0.17763.1', '10.0.20348.5', '10.0.20348.900', '10.0.26100.1']
    const images = await Promise.all(
      versions.map((osVersion) => emptyImage({ platform: { os: 'windows', architecture: 'amd64', osVersion } })),
    )
    const index = await indexOf(images)
    const chosen = async (osVersion: string) => {
      const image = await imageFor(index, { os: 'windows', architecture: 'amd64', osVersion })
      return image === undefined ? undefined : (await image.config())['os.version']
    }
    expect(await chosen('10.0.22621')).toBe('10.0.20348.900')
    expect(await chosen('10.0.26200')).toBe('10.0.26100.1')
    expect(await chosen('10.0.17763')).toBe('10.0.17763.1')
    expect(await chosen('10.0.19041')).toBeUndefined()
  })

  it('asks the configuration where a descriptor names no platform', async () => {
    const image = await forPlatform('riscv64')
    const bytes = encodeJson({ schemaVersion: 2, manifests: [await descriptorOf(image)] })
    expect((await imageFor(indexFromBlobs((await Blobs.of(image)).read, bytes), 'linux/riscv64'))?.digest).toBe(image.digest)
  })

  it('goes four levels deep and not five, and leaves out what is no image', async () => {
    const image = await forPlatform('amd64')
    const blobs = await Blobs.of(image)
    const artifact = { mediaType: 'application/x-other', digest: digestOf(utf8('')), size: 0 }
    let descriptor: Descriptor = await descriptorOf(image)
    for (let depth = 1; depth <= 5; depth++) {
      const bytes = encodeJson({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: [artifact, descriptor] })
      descriptor = { mediaType: MEDIA_TYPE.index, digest: digestOf(bytes), size: bytes.length }
      blobs.bytes.set(descriptor.digest, bytes)
      const images = indexFromBlobs(blobs.read, descriptor).images()
      if (depth <= 4) expect((await images).length).toBe(1)
      else await expect(images).rejects.toThrow(FormatError)
    }
  })

  it('refuses a manifest', async () => {
    const image = await forPlatform('amd64')
    const descriptor = await descriptorOf(image)
    expect(() => indexFromBlobs(() => streamOf(), descriptor)).toThrow(FormatError)
  })
})
