// What is known of earlier work, by key: small JSON files. Losing one costs time, nothing else.
import { readFile, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, isDigest } from '../core/index.js'
import { type Layer, layerFromBlob } from '../layer/index.js'
import type { Blobs } from './blobs.js'
import { replaceFile } from './durable.js'

/** Begins the names of these files. */
export const STEP_PREFIX = 'layer-'

/** Layers by what they were made of. */
export class LayerCache {
  constructor(readonly blobs: Blobs) {}

  /** The layer under `key` (64 hexadecimal digits), kept in the store; undefined where there is none, or its blob was collected. */
  async find(key: string): Promise<Layer | undefined> {
    const record = await readStep(this.#path(key))
    if (record === undefined) return undefined
    await this.blobs.keep([record.digest])
    if (!(await this.blobs.has(record))) return undefined
    const now = new Date()
    if (!this.blobs.lease.isReadOnly) await utimes(this.#path(key), now, now)
    return layerFromBlob({ ...record, open: () => this.blobs.open(record) })
  }

  /** Remembers a layer whose blob is in the store. */
  async remember(key: string, { digest, diffId, size, mediaType }: Layer): Promise<void> {
    const bytes = Buffer.from(JSON.stringify({ digest, diffId, size, mediaType }))
    await replaceFile(this.#path(key), bytes, this.blobs.lease.temporary())
  }

  #path(key: string): string {
    return join(this.blobs.paths.cache(), `${STEP_PREFIX}${key}`)
  }
}

/** A remembered layer. */
export interface CachedLayer {
  readonly digest: Digest
  readonly diffId: Digest
  readonly size: number
  readonly mediaType: string
}

/** What is remembered in a file; undefined where there is none that can be read. */
export async function readStep(path: string): Promise<CachedLayer | undefined> {
  try {
    const record = JSON.parse(await readFile(path, 'utf8')) as CachedLayer
    return isDigest(record.digest) && isDigest(record.diffId) ? record : undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return undefined
    throw error
  }
}
