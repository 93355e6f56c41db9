// What is in a layer, without its contents: JSON lines under `cache/entries-<diffID>`, so that a build on a large base does not decompress it each time.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, digestHex, StrataError, unlessGone } from '../core/index.js'
import type { Layer, LayerEntry } from '../layer/index.js'
import type { Blobs } from './blobs.js'
import { replaceFile } from './durable.js'

/** Begins the names of these files. */
export const ENTRIES_PREFIX = 'entries-'

const HEADER = 'stratabox entries 1'
const END = 'end'

/** Entries of layers, remembered. */
export class EntryCache {
  constructor(readonly blobs: Blobs) {}

  /** The entries of a layer in its own order; the contents of files cannot be read through them. */
  async entries(layer: Layer): Promise<readonly LayerEntry[]> {
    const known = await this.#read(layer.diffId)
    if (known !== undefined) return known
    const entries: LayerEntry[] = []
    for await (const entry of layer.entries()) entries.push(entry)
    await this.remember(layer.diffId, entries)
    return entries
  }

  /** Takes note of the entries of a layer that was just made, where that can be written. */
  async remember(diffId: Digest, entries: readonly LayerEntry[]): Promise<void> {
    if (this.blobs.lease.isReadOnly) return
    const lines = [HEADER, ...entries.map((entry) => JSON.stringify(entry, plain)), END, '']
    await replaceFile(this.#path(diffId), Buffer.from(lines.join('\n')), this.blobs.lease.temporary())
  }

  #path(diffId: Digest): string {
    return join(this.blobs.paths.cache(), `${ENTRIES_PREFIX}${digestHex(diffId)}`)
  }

  async #read(diffId: Digest): Promise<readonly LayerEntry[] | undefined> {
    const text = await unlessGone(() => readFile(this.#path(diffId), 'utf8'))
    const lines = text?.split('\n') ?? []
    if (lines[0] !== HEADER || lines.at(-2) !== END) return undefined
    return lines.slice(1, -2).map((line) => revived(JSON.parse(line)))
  }
}

/** JSON.stringify's replacer: a lone surrogate (a byte that is no UTF-8) is escaped by JSON itself. */
function plain(key: string, value: unknown): unknown {
  if (key === 'content') return undefined
  if (typeof value === 'bigint') return String(value)
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value
}

function revived(raw: Record<string, unknown>): LayerEntry {
  if (raw['type'] === 'whiteout' || raw['type'] === 'opaque') return raw as unknown as LayerEntry
  const xattrs = bytesByName(raw['xattrs'])
  const records = raw['records'] === undefined ? {} : { records: bytesByName(raw['records']) }
  return { ...raw, mtimeNs: BigInt(raw['mtimeNs'] as string), xattrs, ...records, content } as unknown as LayerEntry
}

const bytesByName = (raw: unknown): Record<string, Uint8Array> =>
  Object.fromEntries(Object.entries(raw as Record<string, string>).map(([name, value]) => [name, Buffer.from(value, 'base64')]))

// biome-ignore lint/correctness/useYield: there is nothing to give
async function* content(): AsyncGenerator<Uint8Array> {
  throw new StrataError('entries out of the cache have no content', { code: 'ERR_STORE' })
}
