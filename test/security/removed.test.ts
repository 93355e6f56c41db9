// What was removed stays removed, whatever was kept of it elsewhere: CVE-2026-35172.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Sandbox, Store } from 'stratabox'
import { expect, it, onTestFinished } from 'vitest'
import { bytesOf } from '../image/support/make.js'
import { rejection } from '../sandbox/api/support/open.js'

it('CVE-2026-35172, distribution: a removed blob does not come back from a cache', async () => {
  const work = mkdtempSync(join(tmpdir(), 'stratabox-removed-'))
  onTestFinished(() => rmSync(work, { recursive: true, force: true }))
  await using store = await Store.open({ path: join(work, 'store') })
  const build = (content: string) => store.build('scratch').write('/secret', content).commit({ tag: 'app:1', cache: false })
  const image = await build('to be withdrawn')
  const [layer] = await image.layers()
  expect(new TextDecoder().decode(await bytesOf(layer!.uncompressed()))).toContain('to be withdrawn')
  const used = await Sandbox.create({ store, root: image })
  await used.close()
  await store.untag('app:1')
  expect((await store.gc()).removedBlobs).toBeGreaterThanOrEqual(3)
  expect(await store.get('app:1')).toBeUndefined()
  expect(await rejection(bytesOf(layer!.uncompressed()))).toMatchObject({ code: 'ERR_BLOB_MISSING' })
  expect(await rejection(store.unpack(image, join(work, 'tree')))).toMatchObject({ code: 'ERR_BLOB_MISSING' })
  expect(await rejection(Sandbox.create({ store, root: image }))).toMatchObject({ code: 'ERR_BLOB_MISSING' })
  expect((await store.verify()).problems).toEqual([])
})
