// What is written is read back with the same digests, and a second writing gives the same bytes.
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { ociLayout, readArchive, readLayout, writeDockerArchive, writeOciArchive } from '../../src/archive/index.js'
import { digestOf, FormatError, UnsupportedError } from '../../src/core/index.js'
import { type Image, indexOf, isImageIndex, validate, withConfig } from '../../src/image/index.js'
import { decodeIndex, refNameOf } from '../../src/oci/index.js'
import { readTar } from '../../src/tar/index.js'
import { firstImage, memoryAccess } from '../image/support/corpus.js'
import { bytesOf, directory, file, imageOfChanges, remove, streamOf } from '../image/support/make.js'
import { sharedPath } from '../support/shared.js'

let one: Image
let two: Image
beforeAll(async () => {
  one = await withConfig(await imageOfChanges([directory('/d'), file('/d/a', 'x')], [remove('/d/a'), file('/b', 'y'.repeat(2000))]), {
    config: { Cmd: ['/b'] },
  })
  two = await imageOfChanges([directory('/d'), file('/d/a', 'x')], [file('/other')])
})

const names = async (archive: Uint8Array) => {
  const out = []
  for await (const entry of readTar(streamOf(archive))) out.push(entry.name)
  return out
}
const imageOf = (value: Awaited<ReturnType<typeof readArchive>>['items'][number]['value']): Image => {
  if (isImageIndex(value)) throw new Error('an index')
  return value
}

describe('an OCI archive', () => {
  it('keeps digests and names, and has each blob once', async () => {
    const bytes = await bytesOf(
      writeOciArchive([
        { value: one, refs: ['1', 'latest'] },
        { value: two, refs: [] },
      ]),
    )
    const { format, items } = await readArchive(memoryAccess(bytes))
    expect(format).toBe('oci-archive')
    expect(items.map(({ value, refs }) => [value.digest, refs])).toEqual([
      [one.digest, ['1', 'latest']],
      [two.digest, []],
    ])
    for (const { value } of items) expect(await validate(imageOf(value))).toEqual([])
    const blobs = (await names(bytes)).filter((name) => /^blobs\/sha256\/./.test(name))
    expect(blobs.length).toBe(7)
    expect(blobs).toEqual([...new Set(blobs)].sort())
  })

  it('is the same bytes each time', async () => {
    const write = async () => digestOf(await bytesOf(writeOciArchive([{ value: one, refs: ['1'] }])))
    expect(await write()).toBe(await write())
  })

  it('holds an index with all its images', async () => {
    const index = await indexOf([one, two])
    const { items } = await readArchive(memoryAccess(await bytesOf(writeOciArchive([{ value: index, refs: ['multi'] }]))))
    const value = items[0]!.value
    if (!isImageIndex(value)) throw new Error('not an index')
    expect(value.digest).toBe(index.digest)
    for (const { image } of await value.images()) expect(await validate(image)).toEqual([])
  })
})

describe('an OCI layout', () => {
  it('has an index entry for each name', async () => {
    const layout = await ociLayout([{ value: one, refs: ['a', 'b'] }])
    expect(decodeIndex(layout.indexFile).manifests.map(refNameOf)).toEqual(['a', 'b'])
    expect(new TextDecoder().decode(layout.layoutFile)).toBe('{"imageLayoutVersion":"1.0.0"}')
  })

  it('is refused when one name stands for two images', async () => {
    const layout = await ociLayout([
      { value: one, refs: ['a'] },
      { value: two, refs: ['a'] },
    ])
    expect(() => readLayout(layout, () => streamOf())).toThrow(FormatError)
  })
})

describe('a docker archive', () => {
  it('keeps the configuration, which is the image ID, and the diffIDs', async () => {
    const bytes = await bytesOf(
      writeDockerArchive([
        { value: one, refs: ['app:1', 'app:2'] },
        { value: two, refs: ['other:1'] },
      ]),
    )
    const { format, items } = await readArchive(memoryAccess(bytes))
    expect(format).toBe('docker-archive')
    expect(items.map(({ refs }) => refs)).toEqual([['app:1', 'app:2'], ['other:1']])
    for (const [index, image] of [one, two].entries()) {
      const read = imageOf(items[index]!.value)
      expect((await read.manifest()).config).toEqual((await image.manifest()).config)
      expect(await read.configBytes()).toEqual(await image.configBytes())
      expect((await read.layers()).map((layer) => layer.digest)).toEqual((await image.layers()).map((layer) => layer.diffId))
      expect(await validate(read)).toEqual([])
    }
    expect((await names(bytes)).filter((name) => /^[0-9a-f]{64}\.tar$/.test(name)).length).toBe(3)
  })

  it('comes back with the same digests when it is saved and loaded again', async () => {
    const first = await bytesOf(writeDockerArchive([{ value: one, refs: ['app:1'] }]))
    const { items } = await readArchive(memoryAccess(first))
    const second = await bytesOf(writeDockerArchive(items))
    expect(digestOf(second)).toBe(digestOf(first))
    const again = await readArchive(memoryAccess(await bytesOf(writeOciArchive(items))))
    expect(again.items[0]!.value.digest).toBe(items[0]!.value.digest)
  })

  it('cannot hold an index', async () => {
    await expect(bytesOf(writeDockerArchive([{ value: await indexOf([one]), refs: ['a:1'] }]))).rejects.toThrow(TypeError)
  })

  it('is read in the form with links between its layers', async (ctx) => {
    const image = await firstImage(`${sharedPath(ctx, 'corpus/images')}/edge-docker.tar`)
    expect((await image.layers()).length).toBe(3)
    expect(await validate(image)).toEqual([])
  })
})

describe('what is no archive', () => {
  it('is refused: text, an empty file, a tar of something else', async () => {
    await expect(readArchive(memoryAccess(new TextEncoder().encode('hello '.repeat(200))))).rejects.toThrow(FormatError)
    await expect(readArchive(memoryAccess(new Uint8Array(0)))).rejects.toThrow(FormatError)
    await expect(readArchive(memoryAccess(new Uint8Array(1024)))).rejects.toThrow(FormatError)
  })

  it('is refused with a remedy when it is compressed', async () => {
    const error = await readArchive(memoryAccess(gzipSync(new Uint8Array(1024)))).catch((failure: unknown) => failure)
    expect(error).toBeInstanceOf(UnsupportedError)
    expect((error as UnsupportedError).remedy).toContain('decompress')
  })
})
