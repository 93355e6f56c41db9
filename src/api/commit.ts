// A sandbox's changes as one new layer on its base image, in the store.

import { BASE_ANNOTATION, hostPlatform } from '../builder/index.js'
import { UnsupportedError } from '../core/index.js'
import {
  appendLayer,
  type Change,
  emptyImage,
  type Image,
  type ImageConfig,
  layerFromChanges,
  withAnnotations,
  withConfig,
} from '../image/index.js'
import { toWindowsChanges } from '../windows-layer/index.js'
import type { Started } from './start.js'
import { contentOf } from './store.js'

/** Options of `commit`. */
export interface CommitOptions {
  readonly tag?: string | undefined
  readonly author?: string | undefined
  readonly message?: string | undefined
  /** Fields of the image's `config` to change. */
  readonly config?: Partial<NonNullable<ImageConfig['config']>> | undefined
  readonly signal?: AbortSignal | undefined
}

async function baseOf({ image, isHostRoot }: Started): Promise<Image> {
  if (image !== undefined) return image
  if (isHostRoot)
    return withAnnotations(await emptyImage(process.platform === 'win32' ? { platform: hostPlatform() } : {}), {
      [BASE_ANNOTATION]: 'host',
    })
  throw new UnsupportedError('commit: a sandbox on a directory has no base image', {
    remedy: "build an image of it: store.build('scratch').copy(directory, '/')",
  })
}

/** A Windows layer's changes: below Files, with what Windows keeps of files. */
async function* windowsForm(changes: AsyncIterable<Change>): AsyncGenerator<Change> {
  const list: Change[] = []
  for await (const change of changes) list.push(change)
  if (list.length > 0) yield* toWindowsChanges(list, BigInt(Date.now()) * 1_000_000n)
}

/** The new image, kept in the store and tagged if asked for. */
export async function commitChanges(started: Started, changes: AsyncIterable<Change>, options: CommitOptions): Promise<Image> {
  const { tag, author, message, config, signal } = options
  const store = await started.store()
  const content = contentOf(store)
  const base = await baseOf(started)
  const stored = (await base.config()).os === 'windows' ? windowsForm(changes) : changes
  const layer = await layerFromChanges(stored, { spool: content.spool({ signal }) })
  signal?.throwIfAborted()
  const history = {
    created_by: 'stratabox commit',
    ...(author === undefined ? {} : { author }),
    ...(message === undefined ? {} : { comment: message }),
  }
  const appended = await appendLayer(base, layer, history)
  const image = config === undefined ? appended : await withConfig(appended, { config })
  const kept = content.image(await content.keep(image, { signal }))
  if (tag !== undefined) await store.tag(kept, tag)
  return kept
}
