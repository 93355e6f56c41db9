import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { digestOf, utf8 } from '../../src/core/index.js'
import { type Descriptor, decodeIndex, MEDIA_TYPE } from '../../src/oci/index.js'
import { ended, program, start } from './scripts.js'
import { temporaryStore } from './support.js'

const place = temporaryStore()
const descriptor = (text: string): Descriptor => ({ mediaType: MEDIA_TYPE.manifest, digest: digestOf(utf8(text)), size: 7 })

describe('a reference', () => {
  it('names a descriptor until it is set again or deleted', async () => {
    const { refs } = await place.open()
    expect(await refs.get('app:1')).toBeUndefined()
    await refs.set('app:1', descriptor('a'))
    await refs.set('app:1', descriptor('b'))
    expect(await refs.get('app:1')).toEqual(descriptor('b'))
    expect(await refs.delete('app:1')).toBe(true)
    expect(await refs.delete('app:1')).toBe(false)
    expect(await refs.get('app:1')).toBeUndefined()
  })

  it('is an annotation in index.json, as other tools want it', async () => {
    const { refs } = await place.open()
    await refs.set('b:1', descriptor('x'))
    await refs.set('a:1', descriptor('x'))
    const index = decodeIndex(readFileSync(join(place.path, 'index.json')))
    expect(index.manifests.map((each) => each.annotations)).toEqual([
      { 'org.opencontainers.image.ref.name': 'b:1' },
      { 'org.opencontainers.image.ref.name': 'a:1' },
    ])
    expect((await refs.list()).map(({ ref }) => ref)).toEqual(['a:1', 'b:1'])
    expect(JSON.parse(readFileSync(join(place.path, 'oci-layout'), 'utf8'))).toEqual({ imageLayoutVersion: '1.0.0' })
  })

  it('that another process set is seen', async () => {
    const [one, other] = [await place.open(), await place.open()]
    await one.refs.set('app:1', descriptor('a'))
    expect(await other.refs.get('app:1')).toEqual(descriptor('a'))
  })

  it('is never lost where eight processes set twenty each at the same time', async () => {
    const { refs } = await place.open()
    const script = await program(`
      import { ContentStore } from '../../src/content/index.js'
      const [path, who] = process.argv.slice(2)
      const store = await ContentStore.open(path)
      for (let k = 0; k < 20; k++) await store.refs.set('p' + who + ':' + k, { mediaType: '${MEDIA_TYPE.manifest}', digest: 'sha256:' + 'a'.repeat(64), size: 1 })
      await store.close()
    `)
    const children = Array.from({ length: 8 }, (_, who) => start(script, [place.path, String(who)]))
    expect(await Promise.all(children.map(ended))).toEqual(Array(8).fill(0))
    expect(await refs.list()).toHaveLength(160)
  })
})
