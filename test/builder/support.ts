// A store for builds, and what is in their layers.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { Store } from '../../src/api/store.js'
import type { Image } from '../../src/image/index.js'
import type { LayerEntry } from '../../src/layer/index.js'

/** A directory and a store that last for one test. */
export function workshop(): { store: Store; directory: string; path(...parts: string[]): string } {
  const shop = {
    store: undefined as unknown as Store,
    directory: '',
    path: (...parts: string[]) => join(shop.directory, ...parts),
  }
  beforeEach(async () => {
    shop.directory = await mkdtemp(join(tmpdir(), 'stratabox-build-'))
    shop.store = await Store.open({ path: join(shop.directory, 'store') })
  })
  afterEach(async () => {
    await shop.store.close()
    await rm(shop.directory, { recursive: true, force: true })
  })
  return shop
}

/** The entries of each layer as `type mode uid:gid path -> target`, the lowest layer first. */
export async function contents(image: Image): Promise<string[][]> {
  const layers: string[][] = []
  for (const layer of await image.layers()) {
    const lines: string[] = []
    for await (const entry of layer.entries()) lines.push(line(entry))
    layers.push(lines)
  }
  return layers
}

function line(entry: LayerEntry): string {
  if (entry.type === 'whiteout' || entry.type === 'opaque') return `${entry.type} ${entry.path}`
  const target = 'target' in entry ? ` -> ${entry.target}` : ''
  return `${entry.type} ${entry.mode.toString(8)} ${entry.uid}:${entry.gid} ${entry.path}${target}`
}

/** Text of a file in an image's layer. */
export async function textIn(image: Image, path: string): Promise<string | undefined> {
  let text: string | undefined
  for (const layer of await image.layers()) {
    for await (const entry of layer.entries()) {
      if (entry.path !== path || entry.type !== 'file') continue
      const chunks: Uint8Array[] = []
      for await (const chunk of entry.content()) chunks.push(chunk.slice())
      text = Buffer.concat(chunks).toString()
    }
  }
  return text
}
