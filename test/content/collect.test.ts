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

  it('running all the time takes nothing from 8 writers and 2 readers in other processes', async () => {
    const store = await place.open()
    const writer = await program(`
      import { ContentStore } from '../../src/content/index.js'
      import { imageOfText } from './image-of-text.js'
      const [path, who] = process.argv.slice(2)
      const store = await ContentStore.open(path)
      for (let k = 0; k < 8; k++) {
        const image = await imageOfText('text ' + (k % 3))
        await store.refs.set('p' + who + ':' + k, await store.keep(image))
        const unpacked = await store.unpacked(image, { idMode: process.getuid() === 0 ? 'root' : 'single' })
        await unpacked.release()
        if (k % 2 === 0) await store.refs.delete('p' + who + ':' + k)
        store.blobs.letGo()
      }
      await store.close()
    `)
    // What a reference names when it is read stays readable while it is held; what is gone by then says so.
    const reader = await program(`
      import { ContentStore } from '../../src/content/index.js'
      const store = await ContentStore.open(process.argv[2])
      let isDone = false
      let read = 0
      process.stdin.on('end', () => { isDone = true }).resume()
      while (!isDone || read === 0) {
        for (const { ref, descriptor } of await store.refs.list()) {
          try {
            const image = store.image(descriptor)
            await store.keep(image)
            for (const layer of await image.layers()) for await (const _ of layer.uncompressed()) read++
          } catch (error) {
            if (error.code !== 'ERR_BLOB_MISSING' || (await store.refs.get(ref)) !== undefined) throw error
          }
        }
        store.blobs.letGo()
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      await store.close()
    `)
    const readers = Array.from({ length: 2 }, () => start(reader, [place.path]))
    const writers = Array.from({ length: 8 }, (_, who) => start(writer, [place.path, String(who)]))
    let isWritten = false
    const written = Promise.all(writers.map(ended)).finally(() => {
      isWritten = true
    })
    let collections = 0
    for (; !isWritten; collections++) await store.collect()
    for (const child of readers) child.stdin!.end()
    expect(await written).toEqual(writers.map(() => 0))
    expect(await Promise.all(readers.map(ended))).toEqual([0, 0])
    expect(collections).toBeGreaterThan(1)
    expect(await store.refs.list()).toHaveLength(32)
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
        if (k % 4 === 3) await store.collect()
        if (k % 5 === 4) await store.trim(0)
      }
    `)
    // At random moments: within the first writes, in the middle of collections, and with several at once.
    for (let round = 0; round < 12; round++) {
      const children = Array.from({ length: 1 + (round % 2) }, (_, who) => start(script, [place.path, `${round}-${who}`]))
      await Promise.all(children.map((child) => printed(child, 'ready')))
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 150))
      for (const child of children) child.kill('SIGKILL')
      await Promise.all(children.map(ended))
      const other = await place.open()
      expect(await other.verify()).toEqual([])
      await other.close()
    }
    const store = await place.open()
    expect(await store.verify()).toEqual([])
    await store.collect()
    expect(await store.verify()).toEqual([])
    expect(readdirSync(join(place.path, 'tmp'))).toEqual([])
    for (const { descriptor } of await store.refs.list()) await (await store.unpacked(store.image(descriptor), { idMode })).release()
  })
})
