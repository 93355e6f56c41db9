import { appendFileSync, rmSync } from 'node:fs'
import { expect, it } from 'vitest'
import { file, imageWith, temporaryStore } from './support.js'

const place = temporaryStore()

it('finds nothing wrong in a store that is whole', async () => {
  const store = await place.open()
  await store.refs.set('app:1', await store.keep(await imageWith([file('/a', 'x')])))
  expect(await store.verify()).toEqual([])
})

it('names the blob that changed, the one that is missing, and the reference that needs it', async () => {
  const store = await place.open()
  const image = await imageWith([file('/a', 'x')], [file('/b', 'x')])
  await store.refs.set('app:1', await store.keep(image))
  const [first, second] = await image.layers()
  appendFileSync(store.paths.blob(first!.digest), '!')
  rmSync(store.paths.blob(second!.digest))
  const problems = await store.verify()
  expect(problems.map(({ digest }) => digest).sort()).toEqual([first!.digest, second!.digest].sort())
  expect(problems.find(({ digest }) => digest === second!.digest)?.what).toBe('missing, needed by app:1')
})

it('names a manifest that cannot be followed, once', async () => {
  const store = await place.open()
  const descriptor = await store.keep(await imageWith([file('/a', 'x')]))
  await store.refs.set('app:1', descriptor)
  appendFileSync(store.paths.blob(descriptor.digest), '!')
  expect((await store.verify()).map(({ digest }) => digest)).toEqual([descriptor.digest])
})
