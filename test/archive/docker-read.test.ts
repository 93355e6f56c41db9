// Docker archives from others, and malicious ones.
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readArchive } from '../../src/archive/index.js'
import { digestHex, digestOf, FormatError, utf8 } from '../../src/core/index.js'
import { isImageIndex, validate } from '../../src/image/index.js'
import { encodeJson, MEDIA_TYPE } from '../../src/oci/index.js'
import { memoryAccess } from '../image/support/corpus.js'
import { type Blocks, end, join, member, padded, raw } from '../tar/support/raw.js'

const layer = join(member('a', 'x'), end)
const config = encodeJson({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [digestOf(layer)] } })
const fileOf = (name: string, bytes: Uint8Array) => [raw({ name, size: bytes.length }), padded(bytes)]
const manifest = (entry: object) =>
  fileOf('manifest.json', encodeJson([{ Config: 'c.json', RepoTags: ['app:1'], Layers: ['l/layer.tar'], ...entry }]))
const open = (...blocks: Blocks) => readArchive(memoryAccess(join(...blocks, end)))
const refused = async (...blocks: Blocks) => expect(open(...blocks)).rejects.toThrow(FormatError)
const good = [...fileOf('c.json', config), ...fileOf('l/layer.tar', layer)]

async function check(...blocks: Blocks) {
  const { items } = await open(...blocks)
  const value = items[0]!.value
  if (isImageIndex(value)) throw new Error('an index')
  expect(await validate(value)).toEqual([])
  return value
}

describe('readArchive of a docker archive', () => {
  it('takes plain layers by their diffID', async () => {
    expect((await (await check(good, manifest({}))).layers())[0]).toMatchObject({ digest: digestOf(layer), mediaType: MEDIA_TYPE.layer })
  })

  it('takes compressed layers', async () => {
    const packed = gzipSync(layer)
    const image = await check(fileOf('c.json', config), fileOf('l/layer.tar', packed), manifest({}))
    expect((await image.layers())[0]).toMatchObject({ digest: digestOf(packed), diffId: digestOf(layer), mediaType: MEDIA_TYPE.layerGzip })
  })

  it('follows links inside the archive', async () => {
    const link = raw({ name: 'l/layer.tar', typeflag: '2', linkname: '../x.tar' })
    await check(fileOf('c.json', config), fileOf('x.tar', layer), link, manifest({}))
    await check(
      fileOf('c.json', config),
      fileOf('x.tar', layer),
      raw({ name: 'l/layer.tar', typeflag: '1', linkname: 'x.tar' }),
      manifest({}),
    )
  })

  it('takes images without a name', async () => {
    for (const RepoTags of [null, undefined, []]) expect((await open(good, manifest({ RepoTags }))).items[0]!.refs).toEqual([])
  })

  it('takes one that is an OCI layout too as that', async () => {
    const blob = digestHex(digestOf(config))
    const both = [...fileOf('oci-layout', utf8('{"imageLayoutVersion":"1.0.0"}')), ...fileOf(`blobs/sha256/${blob}`, config)]
    const index = fileOf('index.json', encodeJson({ schemaVersion: 2, manifests: [] }))
    expect((await open(both, index, good, manifest({}))).format).toBe('oci-archive')
  })

  it.each([
    ['a link out', [raw({ name: 'l/layer.tar', typeflag: '2', linkname: '/etc/passwd' })]],
    ['a link in a circle', [raw({ name: 'l/layer.tar', typeflag: '2', linkname: 'layer.tar' })]],
    ['nothing', []],
    ['a directory', [raw({ name: 'l/layer.tar', typeflag: '5' })]],
  ])('refuses a layer that is %s', async (_, blocks) => refused(fileOf('c.json', config), blocks, manifest({})))

  it.each([
    { Config: '../../etc/passwd' },
    { Config: 'none.json' },
    { Config: 1 },
    { Layers: ['../layer.tar'] },
    { Layers: [] },
    { Layers: ['l/layer.tar', 'l/layer.tar'] },
    { Layers: 'l/layer.tar' },
    { RepoTags: [1] },
    { RepoTags: 'app:1' },
  ])('refuses a manifest with %j', async (entry) => refused(good, manifest(entry)))

  it('refuses a manifest that is no list, or too large', async () => {
    await refused(good, fileOf('manifest.json', utf8('{}')))
    await refused(good, raw({ name: 'manifest.json', size: 5 * 2 ** 20 }), new Uint8Array(5 * 2 ** 20))
  })

  it('notices a layer that is not what the configuration says, when it is read', async () => {
    const { items } = await open(fileOf('c.json', config), fileOf('l/layer.tar', join(member('evil'), end)), manifest({}))
    const value = items[0]!.value
    if (isImageIndex(value)) throw new Error('an index')
    expect((await validate(value)).map(({ where }) => where)).toEqual(['$.layers[0]'])
  })
})
