// The merged tree of an image as plain files in a directory.

import { randomBytes } from 'node:crypto'
import { mkdir, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { StrataError } from '../core/index.js'
import type { Image } from '../image/index.js'
import type { LayerEntry } from '../layer/index.js'
import { openDirectory } from './durable.js'
import type { IdMode } from './paths.js'
import { Beneath } from './tree/beneath.js'
import { applyMerged } from './tree/merged.js'
import { plainDirectory } from './tree/overlay.js'
import { removeTree } from './tree/remove-tree.js'
import { TreeWriter } from './tree/writer.js'

/** What an entry is in the tree; undefined: left out. */
export type EntryFilter = (entry: LayerEntry) => LayerEntry | undefined

async function* filtered(entries: AsyncIterable<LayerEntry>, filter: EntryFilter = (entry) => entry): AsyncGenerator<LayerEntry> {
  for await (const entry of entries) {
    const kept = filter(entry)
    if (kept !== undefined) yield kept
  }
}

/** Unpacks into `directory`, which must be empty or absent. When it fails, what was written is removed again.
 *  @throws StrataError `ENOTEMPTY` @throws FormatError for layers that contradict themselves */
export async function unpackMerged(
  image: Image,
  directory: string,
  options: { readonly idMode: IdMode; readonly signal?: AbortSignal | undefined; readonly entry?: EntryFilter | undefined },
): Promise<void> {
  await mkdir(directory, { recursive: true })
  if ((await readdir(directory)).length > 0) {
    throw new StrataError(`unpack: ${directory} is not empty`, {
      code: 'ENOTEMPTY',
      remedy: 'name an empty directory, or one that does not exist',
    })
  }
  const layers = await image.layers()
  const trashPath = join(dirname(directory), `.stratabox-${process.pid}-${randomBytes(4).toString('hex')}`)
  await mkdir(trashPath, { mode: 0o700 })
  const parent = await openDirectory(dirname(directory))
  const trash = await openDirectory(trashPath)
  try {
    using tree = new Beneath(directory)
    let serial = 0
    const writer = new TreeWriter(tree, options.idMode, { fd: trash.fd, unusedName: () => String(serial++) })
    await writer.directory(plainDirectory('/'))
    try {
      for (const [index, layer] of layers.entries()) {
        const entries = { entries: () => filtered(layer.entries(), options.entry) }
        await applyMerged(writer, entries, { isLowest: index === 0, signal: options.signal })
      }
      writer.finish()
    } catch (error) {
      await writer.empty('/')
      throw error
    }
  } finally {
    await trash.close()
    await removeTree(parent.fd, trashPath.slice(dirname(directory).length + 1))
    await parent.close()
  }
}
