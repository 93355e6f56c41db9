// Usage, trimming and repair.
import { existsSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { contentOf, Store } from '../../src/api/store.js'
import { workshop } from '../builder/support.js'
import { contentIdMode } from './id-mode.js'

const shop = workshop()
const idMode = contentIdMode()
const blob = (digest: string) => shop.path('store/blobs/sha256', digest.slice(7))
const unpackedNow = () => readdirSync(shop.path('store/layers', idMode))
const build = (name: string, bytes = 50_000) => shop.store.build('scratch').write(`/${name}`, Buffer.alloc(bytes, name))
async function isCached(name: string): Promise<boolean> {
  let cached = false
  await build(name).commit({
    onEvent: (event) => {
      if (event.kind === 'done') cached = event.cached
    },
  })
  return cached
}

describe('usage', () => {
  it('of an empty store is nothing', async () => {
    const none = { count: 0, bytes: 0 }
    expect(await shop.store.usage()).toEqual({ images: none, unreferenced: none, unpacked: none, caches: none, bytes: 0 })
  })

  it('tells images, blobs without a reference, unpacked layers and caches apart', async () => {
    const image = await build('a').commit({ tag: 'a:1' })
    await build('b').commit()
    const { release } = await contentOf(shop.store).unpacked(image, { idMode })
    await release()
    const usage = await shop.store.usage()
    expect(usage.images.count).toBe(3)
    expect(usage.unreferenced.count).toBe(3)
    expect(usage.unpacked).toEqual({ count: 1, bytes: 50_000 })
    expect(usage.caches.count).toBe(4)
    expect(usage.bytes).toBe(usage.images.bytes + usage.unreferenced.bytes + usage.unpacked.bytes + usage.caches.bytes)
    await shop.store.untag('a:1')
    expect((await shop.store.usage()).images.count).toBe(0)
  })
})

describe('trimming', () => {
  it('does nothing where there is room', async () => {
    await build('a').commit()
    const { bytes } = await shop.store.usage()
    expect(await shop.store.trim({ maxBytes: bytes })).toEqual({ freedBytes: 0, bytes })
    expect(await isCached('a')).toBe(true)
  })

  it('removes what was used longest ago first', async () => {
    for (const name of ['a', 'b', 'c']) await build(name).commit({ compression: 'gzip' })
    const long = new Date(Date.now() - 60_000)
    for (const name of readdirSync(shop.path('store/cache'))) utimesSync(shop.path('store/cache', name), long, long)
    for (const name of readdirSync(shop.path('store/blobs/sha256'))) utimesSync(shop.path('store/blobs/sha256', name), long, long)
    expect(await isCached('b')).toBe(true)
    const { bytes } = await shop.store.usage()
    const { freedBytes } = await shop.store.trim({ maxBytes: bytes - 1 })
    expect(freedBytes).toBeGreaterThan(0)
    await shop.store.trim({ maxBytes: bytes - 600 })
    expect(await isCached('b')).toBe(true)
  })

  it('never removes an image with a reference, nor what anybody uses', async () => {
    const image = await build('kept').commit({ tag: 'kept:1' })
    const used = await contentOf(shop.store).unpacked(image, { idMode })
    await build('gone').commit()
    const { bytes } = await shop.store.trim({ maxBytes: 0 })
    expect(bytes).toBeGreaterThan(50_000)
    expect(unpackedNow()).toHaveLength(1)
    expect(await shop.store.verify()).toEqual({ problems: [] })
    expect((await shop.store.usage()).unreferenced).toEqual({ count: 0, bytes: 0 })
    await used.release()
    await shop.store.trim({ maxBytes: 0 })
    expect(unpackedNow()).toEqual([])
    expect(await shop.store.verify()).toEqual({ problems: [] })
    expect((await shop.store.get('kept:1'))?.digest).toBe(image.digest)
  })

  it.each([[{}], [{ maxBytes: -1 }], [{ maxBytes: 1.5 }], [{ maxBytes: 1, bytes: 1 }]])('refuses %j', async (options) => {
    await expect(shop.store.trim(options as never)).rejects.toThrow(/maxBytes|bytes/)
  })
})

describe('repair', () => {
  it('brings back blobs that are wrong or missing, manifests too, from an archive', async () => {
    const image = await build('a').commit({ tag: 'a:1' })
    const [layer] = await image.layers()
    const { config } = await image.manifest()
    await shop.store.save('a:1', shop.path('a.tar'), { format: 'oci-archive' })
    writeFileSync(blob(layer!.digest), Buffer.alloc(layer!.size))
    rmSync(blob(config.digest))
    writeFileSync(blob(image.digest), 'broken')
    expect((await shop.store.verify()).problems.length).toBeGreaterThan(1)
    const { repaired, problems } = await shop.store.repair(shop.path('a.tar'))
    expect([...repaired].sort()).toEqual([layer!.digest, config.digest, image.digest].sort())
    expect(problems).toEqual([])
    expect(await shop.store.verify()).toEqual({ problems: [] })
    await shop.store.unpack('a:1', shop.path('tree'))
    expect(existsSync(shop.path('tree/a'))).toBe(true)
  })

  it('says what is wrong still where the source has not all of it', async () => {
    const [one, two] = [await build('one').commit({ tag: 'one:1' }), await build('two').commit({ tag: 'two:1' })]
    await shop.store.save('one:1', shop.path('one'), { format: 'oci-layout' })
    const layers = [(await one.layers())[0]!, (await two.layers())[0]!]
    for (const layer of layers) writeFileSync(blob(layer.digest), Buffer.alloc(layer.size))
    const { repaired, problems } = await shop.store.repair(shop.path('one'))
    expect(repaired).toEqual([layers[0]!.digest])
    expect(problems.map(({ digest }) => digest)).toEqual([layers[1]!.digest])
  })

  it('takes an image of anywhere, and nothing from a source that is wrong itself', async () => {
    const image = await build('a').commit({ tag: 'a:1' })
    const [layer] = await image.layers()
    await shop.store.save('a:1', shop.path('a'), { format: 'oci-layout' })
    await shop.store.save('a:1', shop.path('good'), { format: 'oci-layout' })
    writeFileSync(blob(layer!.digest), Buffer.alloc(layer!.size))
    writeFileSync(join(shop.path('a/blobs/sha256'), layer!.digest.slice(7)), Buffer.alloc(layer!.size, 1))
    await expect(shop.store.repair(shop.path('a'))).rejects.toMatchObject({ code: 'ERR_DIGEST_MISMATCH' })
    const other = await Store.open({ path: shop.path('other') })
    try {
      const [whole] = await other.load(shop.path('good'))
      expect(await shop.store.repair(whole!)).toEqual({ repaired: [layer!.digest], problems: [] })
    } finally {
      await other.close()
    }
  })
})
