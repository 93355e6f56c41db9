// Stores in directories of their own, and images made of a few lines.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { ContentStore } from '../../src/content/index.js'
import { utf8 } from '../../src/core/index.js'
import { appendLayer, type Change, emptyImage, type Image, type InodeEntry, layerFromChanges } from '../../src/image/index.js'

/** A directory that lasts for one test. */
export function temporaryDirectory(): { readonly path: string } {
  const directory = { path: '' }
  beforeEach(async () => {
    directory.path = await mkdtemp(join(tmpdir(), 'stratabox-store-'))
  })
  afterEach(() => rm(directory.path, { recursive: true, force: true }))
  return directory
}

/** A store in a directory that lasts for one test. */
export function temporaryStore(): { open: () => Promise<ContentStore>; readonly path: string } {
  const directory = temporaryDirectory()
  const opened: ContentStore[] = []
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close()
  })
  return {
    get path() {
      return join(directory.path, 'store')
    },
    async open() {
      const store = await ContentStore.open(join(directory.path, 'store'))
      opened.push(store)
      return store
    },
  }
}

export const meta = { uid: 0, gid: 0, mtimeNs: 0n, xattrs: {} } as const

/** A file's change. */
export function file(path: string, text: string, extra: Partial<InodeEntry> = {}): Change {
  const bytes = utf8(text)
  const content = async function* () {
    yield bytes
  }
  return { kind: 'add', path, entry: { ...meta, mode: 0o644, ...extra, type: 'file', path, size: bytes.length, content } as InodeEntry }
}
/** A directory's change. */
export const directory = (path: string, extra: object = {}): Change => ({
  kind: 'add',
  path,
  entry: { ...meta, mode: 0o755, ...extra, type: 'directory', path } as InodeEntry,
})
/** Any other entry's change. */
export const node = (entry: { readonly path: string; readonly type: string; readonly [field: string]: unknown }): Change => ({
  kind: 'add',
  path: entry.path,
  entry: { ...meta, mode: 0o644, ...entry } as InodeEntry,
})
/** A deletion. */
export const deleted = (path: string): Change => ({ kind: 'delete', path })

/** An image with a layer for each list of changes, the lowest first. */
export async function imageWith(...layers: readonly (readonly Change[])[]): Promise<Image> {
  let image = await emptyImage()
  for (const changes of layers) image = await appendLayer(image, await layerFromChanges(changes))
  return image
}
