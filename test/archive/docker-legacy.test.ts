// The old form of docker archives: a directory a layer, and `repositories` instead of manifest.json.
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readArchive, writeDockerArchive } from '../../src/archive/index.js'
import { collect, digestOf, FormatError, utf8 } from '../../src/core/index.js'
import { type Image, isImageIndex, validate, withConfig } from '../../src/image/index.js'
import { encodeJson } from '../../src/oci/index.js'
import { readTar, type TarMember, writeTar } from '../../src/tar/index.js'
import { memoryAccess } from '../image/support/corpus.js'
import { bytesOf, file, imageOfChanges } from '../image/support/make.js'
import { type Blocks, end, join, member, padded, raw } from '../tar/support/raw.js'

const id = (digit: string) => digit.repeat(64)
const [lower, upper] = [join(member('a', 'x'), end), join(member('b', 'y'), end)]
const fileOf = (name: string, bytes: Uint8Array) => [raw({ name, size: bytes.length }), padded(bytes)]
const json = (name: string, value: unknown) => fileOf(name, encodeJson(value))
const repositories = (value: unknown = { app: { '1': id('b'), old: id('a') } }) => json('repositories', value)
const layerA = [
  ...json(`${id('a')}/json`, { id: id('a'), created: '2015-01-01T00:00:00Z', container_config: { Cmd: ['/bin/sh', '-c', 'make'] } }),
  ...fileOf(`${id('a')}/layer.tar`, lower),
]
const layerB = [
  ...json(`${id('b')}/json`, {
    id: id('b'),
    parent: id('a'),
    os: 'linux',
    architecture: 'arm64',
    author: 'somebody',
    config: { Cmd: ['/b'] },
  }),
  ...fileOf(`${id('b')}/layer.tar`, gzipSync(upper)),
]
const open = (...blocks: Blocks) => readArchive(memoryAccess(join(...blocks, end)))
const refused = async (...blocks: Blocks) => expect(open(...blocks)).rejects.toThrow(FormatError)

describe('an archive of the old form alone', () => {
  it('gives the images that repositories names, with the layers of their parents below', async () => {
    const { format, items } = await open(layerA, layerB, repositories())
    expect(format).toBe('docker-archive')
    expect(items.map(({ refs }) => refs)).toEqual([['app:1'], ['app:old']])
    const [one, old] = items.map(({ value }) => value as Image)
    expect(await validate(one!)).toEqual([])
    expect(await one!.config()).toMatchObject({
      architecture: 'arm64',
      author: 'somebody',
      config: { Cmd: ['/b'] },
      rootfs: { diff_ids: [digestOf(lower), digestOf(upper)] },
      history: [{ created: '2015-01-01T00:00:00Z', created_by: '/bin/sh -c make' }, { author: 'somebody' }],
    })
    expect((await old!.config()).rootfs.diff_ids).toEqual([digestOf(lower)])
    expect(await old!.config()).toMatchObject({ architecture: 'amd64', os: 'linux' })
  })

  it('is refused where a part is missing, a chain goes round, or an ID is none', async () => {
    await refused(layerB, repositories())
    await refused(json(`${id('a')}/json`, { id: id('a') }), repositories({ app: { '1': id('a') } }))
    await refused(layerA, repositories({ app: { '1': '../../etc/passwd' } }))
    await refused(layerA, repositories({ app: 'x' }))
    await refused(layerA, repositories(['app']))
    await refused(
      json(`${id('a')}/json`, { parent: id('a') }),
      fileOf(`${id('a')}/layer.tar`, lower),
      repositories({ app: { '1': id('a') } }),
    )
    await refused(
      json(`${id('a')}/json`, { parent: '../b' }),
      fileOf(`${id('a')}/layer.tar`, lower),
      repositories({ app: { '1': id('a') } }),
    )
    await refused(
      fileOf(`${id('a')}/json`, utf8('no JSON')),
      fileOf(`${id('a')}/layer.tar`, lower),
      repositories({ app: { '1': id('a') } }),
    )
  })

  it('takes 500 layers and not 501', async () => {
    const chain = (count: number) =>
      Array.from({ length: count }, (_, k) => {
        const name = String(k).padStart(64, '0')
        const parent = k === 0 ? {} : { parent: String(k - 1).padStart(64, '0') }
        return [...json(`${name}/json`, { id: name, ...parent }), ...fileOf(`${name}/layer.tar`, lower)]
      }).flat()
    const top = (count: number) => repositories({ app: { '1': String(count - 1).padStart(64, '0') } })
    expect(await ((await open(chain(500), top(500))).items[0]!.value as Image).layers()).toHaveLength(500)
    await refused(chain(501), top(501))
  })
})

describe('an archive that is written', () => {
  const members = async (bytes: Uint8Array) => {
    const found = new Map<string, { type: string; text: string; link: string }>()
    for await (const entry of readTar(memoryAccess(bytes)))
      found.set(entry.name, {
        type: entry.type,
        link: entry.linkName,
        text: entry.type === 'file' ? new TextDecoder().decode(await collect(entry.content(), 2 ** 20)) : '',
      })
    return found
  }
  const some = async () => {
    const one = await imageOfChanges([file('/a', '1')], [file('/b', '2')])
    const two = await withConfig(one, { config: { Cmd: ['/two'] } })
    return {
      one,
      two,
      bytes: await bytesOf(
        writeDockerArchive([
          { value: one, refs: ['app:1', 'localhost:5000/app:1'] },
          { value: two, refs: ['app:2'] },
        ]),
      ),
    }
  }

  it('has the old form too: the same images without manifest.json', async () => {
    const { one, bytes } = await some()
    const kept: TarMember[] = []
    for await (const entry of readTar(memoryAccess(bytes))) {
      if (entry.name === 'manifest.json') continue
      const content = entry.type === 'file' ? await collect(entry.content(), 2 ** 20) : new Uint8Array(0)
      const { type, name, linkName, mode, uid, gid, mtimeNs, size, devMajor, devMinor, xattrs } = entry
      kept.push({
        type,
        name,
        linkName,
        mode,
        uid,
        gid,
        mtimeNs,
        size,
        devMajor,
        devMinor,
        xattrs,
        content: async function* () {
          yield content
        },
      })
    }
    const { items } = await readArchive(memoryAccess(await bytesOf(writeTar(kept))))
    expect(items.map(({ refs }) => refs)).toEqual([['app:1', 'localhost:5000/app:1'], ['app:2']])
    for (const { value } of items) {
      if (isImageIndex(value)) throw new Error('an index')
      expect(await validate(value)).toEqual([])
      expect((await value.config()).rootfs.diff_ids).toEqual((await one.config()).rootfs.diff_ids)
    }
    expect((await (items[1]!.value as Image).config()).config).toEqual({ Cmd: ['/two'] })
  })

  it('has each layer once, however many images have it', async () => {
    const found = await members((await some()).bytes)
    const links = [...found.values()].filter(({ type }) => type === 'symlink')
    // The lower layer's directory is shared; the upper one's configuration differs.
    expect(links).toHaveLength(3)
    expect([...found.keys()].filter((name) => /^[0-9a-f]{64}\.tar$/.test(name))).toHaveLength(2)
    for (const { link } of links) expect(found.has(link.slice(3))).toBe(true)
    expect(JSON.parse(found.get('repositories')!.text)).toMatchObject({ app: { '1': expect.any(String), '2': expect.any(String) } })
  })
})
