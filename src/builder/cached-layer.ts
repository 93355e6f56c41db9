// Layers that were made before are not made again: files by the tar they make (compressing it is what costs), commands by what they run on.
import { createHash } from 'node:crypto'
import type { ContentStore } from '../content/index.js'
import type { Image } from '../image/index.js'
import { type Change, type Layer, type LayerEntry, layerFromChanges, type Spool } from '../layer/index.js'
import type { Mount } from '../sandbox/index.js'
import { digestOfHostTree } from './host-digest.js'
import type { RunStepRequest } from './run-step.js'

/** How layers are made, and where they are kept. */
export interface LayerMaking {
  readonly content: ContentStore
  readonly compression: 'gzip' | 'zstd' | 'none'
  readonly useCache: boolean
  readonly signal: AbortSignal | undefined
}

/** A layer, and whether it was there already. */
export interface MadeLayer {
  readonly layer: Layer
  readonly cached: boolean
}

/** Nothing is kept: only the digest is wanted. */
const digestOnly: Spool = {
  async write(stream) {
    const hash = createHash('sha256')
    let size = 0
    for await (const chunk of stream) {
      hash.update(chunk)
      size += chunk.length
    }
    return { digest: `sha256:${hash.digest('hex')}`, size, open: () => never() }
  },
}

// biome-ignore lint/correctness/useYield: the bytes were not kept
async function* never(): AsyncGenerator<Uint8Array> {
  throw new TypeError('a layer of which only the digest is known')
}

/** The layer of these changes, whose contents can be read twice. */
export async function layerOfFiles(changes: readonly Change[], making: LayerMaking): Promise<MadeLayer> {
  const { content, compression, useCache, signal } = making
  const make = () => layerFromChanges(changes, { compression, signal, spool: content.spool({ signal }) })
  if (compression === 'none' || !useCache) return { layer: await make(), cached: false }
  const { diffId } = await layerFromChanges(changes, { compression: 'none', signal, spool: digestOnly })
  const key = keyOf('tar', compression, diffId)
  const found = await content.cache.find(key)
  if (found !== undefined) return { layer: found, cached: true }
  const layer = await make()
  await content.cache.remember(key, layer)
  return { layer, cached: false }
}

/** Key of a command's result; undefined where it depends on more than is known: the host itself below, files of the host that it may write, other
 *  sandboxes on its network. A cache directory makes no difference, nor does what a secret is: only that there is one. */
export async function runKey(
  request: Omit<RunStepRequest, 'onOutput' | 'signal'>,
  making: LayerMaking,
  createdAt: Date,
): Promise<string | undefined> {
  const { image, isHostBase, command, options } = request
  const { mounts = {}, env = {}, network, ...rest } = options
  if (!making.useCache || isHostBase || (typeof network === 'object' && network.join !== undefined)) return undefined
  const places: unknown[] = []
  for (const [path, mount] of sorted(mounts)) {
    const identity = await mountIdentity(mount as Mount, making.signal)
    if (identity === undefined) return undefined
    places.push([path, ...identity])
  }
  // undefined takes the image's own variable away, so it must not look like none.
  const variables = Object.entries(env).map(([name, value]) => [name, value ?? null])
  const described = [command, sorted(Object.fromEntries(variables)), sorted({ ...rest, network }), places, createdAt.getTime()]
  return keyOf('run', making.compression, await identityOf(image), JSON.stringify(described))
}

async function mountIdentity(mount: Mount, signal: AbortSignal | undefined): Promise<readonly unknown[] | undefined> {
  if ('tmpfs' in mount) return ['tmpfs', mount.sizeMaxBytes ?? null]
  if ('cache' in mount) return ['cache', mount.cache]
  if ('secret' in mount) return ['secret']
  if (mount.access === 'write') return undefined
  return ['source', mount.access ?? 'read', await digestOfHostTree(mount.source, signal)]
}

/** What a command can see of an image: its layers and its configuration. */
async function identityOf(image: Image): Promise<string> {
  return (await image.manifest()).config.digest
}

const sorted = (value: object): readonly (readonly [string, unknown])[] =>
  Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))

const keyOf = (...parts: readonly string[]): string =>
  createHash('sha256')
    .update(JSON.stringify(['1', ...parts]))
    .digest('hex')

/** The changes that a layer's entries stand for. */
export function changesOf(entries: readonly LayerEntry[]): readonly Change[] {
  return entries.flatMap((entry): Change[] => {
    if (entry.type === 'opaque') return []
    return entry.type === 'whiteout' ? [{ kind: 'delete', path: entry.path }] : [{ kind: 'modify', path: entry.path, entry }]
  })
}

/** The entries that a layer of these changes has, but for their order. */
export const entriesOf = (changes: readonly Change[]): readonly LayerEntry[] =>
  changes.map((change) => (change.kind === 'delete' ? { type: 'whiteout', path: change.path } : change.entry))
