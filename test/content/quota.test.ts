// A store with a quota: caches go by themselves, the least recently used first; what is named or in use never does.
import { existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { contentOf, Store } from '../../src/api/store.js'
import { contentIdMode } from './id-mode.js'
import { ended, printed, program, start } from './scripts.js'
import { temporaryDirectory } from './support.js'

const place = temporaryDirectory()
const idMode = contentIdMode()
const stores: Store[] = []
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close()
})
async function open(quotaBytes?: number): Promise<Store> {
  const store = await Store.open({ path: join(place.path, 'store'), quotaBytes })
  stores.push(store)
  return store
}
const at = (...names: string[]) => join(place.path, 'store', ...names)
const layersNow = () => readdirSync(at('layers', idMode)).length
const mountsNow = () => (existsSync(at('cache/mounts', idMode)) ? readdirSync(at('cache/mounts', idMode)).sort() : [])
/** 100,000 bytes that do not compress, others for every name. */
function noise(name: string): Buffer {
  const bytes = Buffer.alloc(100_000)
  let state = [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, 7)
  for (let k = 0; k < bytes.length; k++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[k] = state >>> 24
  }
  return bytes
}
const commit = (store: Store, name: string, tag?: string) =>
  store
    .build('scratch')
    .write(`/${name}`, noise(name))
    .commit(tag === undefined ? {} : { tag })
/** Unpacks it, uses it and lets it go. */
const use = async (store: Store, name: string) => {
  const { release } = await contentOf(store).unpacked((await store.get(name))!, { idMode })
  await release()
}

describe('a quota', () => {
  it('has unpacked layers removed as others are unpacked, the one used last stays', async () => {
    const first = await open()
    for (const name of ['a', 'b', 'c']) await commit(first, name, `${name}:1`)
    await first.close()
    const store = await open(550_000)
    for (const name of ['a', 'b', 'a', 'c', 'a']) {
      await use(store, `${name}:1`)
      expect((await store.usage()).bytes).toBeLessThanOrEqual(550_000)
    }
    // Three images of 100 kB and two unpacked layers.
    expect(layersNow()).toBe(2)
    expect((await store.usage()).images.count).toBe(9)
    expect(await store.verify()).toEqual({ problems: [] })
  })

  it('removes nothing that is in use, by this store or another process', async () => {
    const store = await open(1)
    const image = await commit(store, 'a', 'a:1')
    const held = await contentOf(store).unpacked(image, { idMode })
    const child = start(
      await program(`
        import { contentOf, Store } from '../../src/api/store.js'
        const store = await Store.open({ path: process.argv[2], quotaBytes: 1 })
        await contentOf(store).mountCache('theirs', process.argv[3])
        const untagged = await store.build('scratch').write('/b', 'b').commit()
        await contentOf(store).unpacked(untagged, { idMode: process.argv[3] })
        console.log('ready', untagged.digest)
        process.stdin.resume()
        process.stdin.on('end', () => store.close())
      `),
      [at(), idMode],
    )
    const [, untagged] = /ready sha256:(\w+)/.exec(await printed(child, '\n'))!
    await commit(store, 'c', 'c:1')
    expect(existsSync(join(held.root, held.names[0]!, 'a'))).toBe(true)
    expect(layersNow()).toBe(2)
    expect(mountsNow()).toEqual(['theirs'])
    expect(existsSync(at('blobs/sha256', untagged!))).toBe(true)
    expect(await store.verify()).toEqual({ problems: [] })
    child.stdin!.end()
    expect(await ended(child)).toBe(0)
    await held.release()
    await commit(store, 'd', 'd:1')
    expect([layersNow(), mountsNow(), existsSync(at('blobs/sha256', untagged!))]).toEqual([0, [], false])
    expect((await store.usage()).images.count).toBe(9)
  })

  it('takes build results, lists and cache mounts by their last use, whatever they are', async () => {
    const first = await open()
    const image = await commit(first, 'kept', 'kept:1')
    await commit(first, 'old')
    for (const name of ['old', 'new']) writeFileSync(join(await contentOf(first).mountCache(name, idMode), 'file'), noise(name))
    await first.close()
    const [day, hour] = [86_400, 3_600].map((seconds) => new Date(Date.now() - seconds * 1000)) as [Date, Date]
    for (const name of readdirSync(at('blobs/sha256'))) utimesSync(at('blobs/sha256', name), day, day)
    for (const name of readdirSync(at('cache')).filter((name) => name !== 'mounts')) utimesSync(at('cache', name), day, day)
    utimesSync(at('cache/mounts', idMode, 'old'), hour, hour)
    const all = await (await open()).usage()
    // One byte too many: what goes is a blob or a list of a day ago, not a mount.
    await (await open(all.bytes - 1)).close()
    expect(mountsNow()).toEqual(['new', 'old'])
    // Room for the image and one mount.
    const store = await open(all.images.bytes + 110_000)
    expect(mountsNow()).toEqual(['new'])
    expect((await store.usage()).unreferenced.bytes).toBe(0)
    expect((await store.get('kept:1'))?.digest).toBe(image.digest)
    expect(await store.verify()).toEqual({ problems: [] })
  })

  it('leaves what a process has not named yet until it closes the store', async () => {
    const store = await open(1)
    const image = await commit(store, 'a')
    expect(await image.config()).toBeDefined()
    await store.tag(image, 'a:1')
    const lost = await commit(store, 'b')
    await store.close()
    const again = await open()
    expect((await again.get('a:1'))?.digest).toBe(image.digest)
    expect(existsSync(at('blobs/sha256', lost.digest.slice(7)))).toBe(false)
    expect((await again.usage()).unreferenced.count).toBe(0)
  })

  it('holds while many build at the same time', async () => {
    const store = await open(300_000)
    await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => commit(store, name, `${name}:1`)))
    await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => use(store, `${name}:1`)))
    await store.close()
    const again = await open()
    expect(await again.verify()).toEqual({ problems: [] })
    expect((await again.usage()).unpacked.count).toBe(0)
  })

  it.each([-1, 1.5, Number.NaN, '1'])('is no %s', async (quotaBytes) => {
    await expect(Store.open({ path: at(), quotaBytes: quotaBytes as number })).rejects.toThrow(/quotaBytes/)
  })
})
