// Stores, and images to send, with names that the tests choose.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { Store } from '../../../src/api/store.js'
import type { StoreOptions } from '../../../src/api/store-options.js'
import type { Image } from '../../../src/image/index.js'
import { pseudoRandom } from '../../registry/support/registry.js'

/** A directory that lasts for one test, with as many stores as wanted. No credentials of whoever runs the tests are looked at. */
export function depot() {
  const place = {
    directory: '',
    path: (...parts: string[]) => join(place.directory, ...parts),
    async store(name = 'store', options: StoreOptions = {}): Promise<Store> {
      const store = await Store.open({ path: place.path(name), ...options })
      stores.push(store)
      return store
    },
  }
  const stores: Store[] = []
  const before = process.env['REGISTRY_AUTH_FILE']
  beforeEach(async () => {
    place.directory = await mkdtemp(join(tmpdir(), 'stratabox-transfer-'))
    process.env['REGISTRY_AUTH_FILE'] = place.path('auth.json')
    await writeFile(place.path('auth.json'), '{}')
  })
  afterEach(async () => {
    if (before === undefined) delete process.env['REGISTRY_AUTH_FILE']
    else process.env['REGISTRY_AUTH_FILE'] = before
    for (const store of stores.splice(0)) await store.close()
    await rm(place.directory, { recursive: true, force: true })
  })
  return place
}

/** An image with a layer for each size, of bytes that do not compress. */
export async function imageOf(store: Store, sizes: readonly number[], tag?: string, seed = 7): Promise<Image> {
  let builder = store.build('scratch')
  for (const [index, size] of sizes.entries()) builder = builder.write(`/file-${index}`, pseudoRandom(size, seed + index))
  return builder.cmd(['/file-0']).commit({ tag, compression: 'none' })
}
