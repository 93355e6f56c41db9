import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { contentIdMode } from './id-mode.js'
import { ended, printed, program, start } from './scripts.js'
import { file, imageWith, temporaryStore } from './support.js'

const place = temporaryStore()
const idMode = contentIdMode()
const blobs = () => readdirSync(join(place.path, 'blobs', 'sha256')).length

describe('a collection', () => {
  it('keeps what references lead to, and removes the rest', async () => {
    const store = await place.open()
    await store.refs.set('app:1', await store.keep(await imageWith([file('/a', 'x')])))
    await store.keep(await imageWith([file('/b', 'x')]))
    expect(blobs()).toBe(6)
    const { removedBlobs, freedBytes } = await store.collect()
    expect(removedBlobs).toBe(3)
    expect(freedBytes).toBeGreaterThan(300)
    expect(await store.collect()).toEqual({ removedBlobs: 0, removedLayers: 0, freedBytes: 0 })
    await store.refs.delete('app:1')
    expect(await store.collect()).toMatchObject({ removedBlobs: 3 })
    expect(blobs()).toBe(0)
  })

  it('keeps layers that somebody uses, and removes them after', async () => {
    const [store, other] = [await place.open(), await place.open()]
    const unpacked = await store.unpacked(await imageWith([file('/a', 'x')]), { idMode })
    expect(await other.collect()).toMatchObject({ removedLayers: 0 })
    expect(await store.collect()).toMatchObject({ removedLayers: 0 })
    await unpacked.release()
    await unpacked.release()
    // Kept for the next sandbox of the process that used them, until it collects itself (or closes the store).
    expect(await other.collect()).toMatchObject({ removedLayers: 0 })
    expect(await store.collect()).toMatchObject({ removedLayers: 1, freedBytes: 1 })
  })

  it('keeps what another process has just stored and not yet named', async () => {
    const [store, other] = [await place.open(), await place.open()]
    const descriptor = await store.keep(await imageWith([file('/a', 'x')]))
    expect(await other.collect()).toMatchObject({ removedBlobs: 0 })
    await store.refs.set('late:1', descriptor)
    await store.close()
    expect(await other.collect()).toMatchObject({ removedBlobs: 0 })
  })

  it('removes nothing where a reference leads to a broken document', async () => {
    const store = await place.open()
    const descriptor = await store.keep(await imageWith([file('/a', 'x')]))
    await store.refs.set('app:1', descriptor)
    writeFileSync(store.paths.blob(descriptor.digest), 'broken')
    await expect(store.collect()).rejects.toMatchObject({ code: 'ERR_DIGEST_MISMATCH' })
    expect(blobs()).toBe(3)
  })

  it('running all the time takes nothing from writers in other processes', async () => {
    const store = await place.open()
    const script = await program(`
      import { ContentStore } from '../../src/content/index.js'
      import { imageOfText } from './image-of-text.js'
      const [path, who] = process.argv.slice(2)
      const store = await ContentStore.open(path)
      for (let k = 0; k < 15; k++) {
        const image = await imageOfText('text ' + (k % 3))
        await store.refs.set('p' + who + ':' + k, await store.keep(image))
        const unpacked = await store.unpacked(image, { idMode: process.getuid() === 0 ? 'root' : 'single' })
        await unpacked.release()
        if (k % 2 === 0) await store.refs.delete('p' + who + ':' + k)
        store.blobs.letGo()
      }
      await store.close()
      console.log('done')
    `)
    const children = Array.from({ length: 4 }, (_, who) => start(script, [place.path, String(who)]))
    const codes = Promise.all(children.map(ended))
    let isDone = false
    codes.then(() => {
      isDone = true
    })
    while (!isDone) await store.collect()
    expect(await codes).toEqual([0, 0, 0, 0])
    expect(await store.refs.list()).toHaveLength(28)
    expect(await store.verify()).toEqual([])
  })
})

describe('a process that is killed at any moment', () => {
  it('leaves no broken blob and no half-written reference', async () => {
    const script = await program(`
      import { ContentStore } from '../../src/content/index.js'
      import { imageOfText } from './image-of-text.js'
      const store = await ContentStore.open(process.argv[2])
      console.log('ready')
      for (let k = 0; ; k++) {
        const image = await imageOfText(process.argv[3] + ' ' + k)
        await store.refs.set('k' + process.argv[3] + ':' + (k % 5), await store.keep(image))
        await (await store.unpacked(image, { idMode: process.getuid() === 0 ? 'root' : 'single' })).release()
        store.blobs.letGo()
      }
    `)
    for (let round = 0; round < 8; round++) {
      const child = start(script, [place.path, String(round)])
      await printed(child, 'ready')
      await new Promise((resolve) => setTimeout(resolve, 20 + round * 17))
      child.kill('SIGKILL')
      await ended(child)
    }
    const store = await place.open()
    expect(await store.verify()).toEqual([])
    await store.collect()
    expect(await store.verify()).toEqual([])
    expect(readdirSync(join(place.path, 'tmp'))).toEqual([])
    for (const { descriptor } of await store.refs.list()) await (await store.unpacked(store.image(descriptor), { idMode })).release()
  })
})
