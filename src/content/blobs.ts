// Blobs on disk, by digest. Source: image-spec image-layout.md "Blobs".
import { constants } from 'node:fs'
import { open, rm, stat } from 'node:fs/promises'
import { createSha256 } from '#hash'
import { type Digest, DigestMismatchError, digestHex, isDigest, StrataError, unlessGone, verified } from '../core/index.js'
import { publish, syncDirectory } from './durable.js'
import { fileChunks } from './file-chunks.js'
import type { Lease } from './lease.js'
import { withLock } from './lock.js'
import { withSpace } from './no-space.js'
import type { StorePaths } from './paths.js'

/** What names a blob; a Descriptor is one. */
export interface BlobName {
  readonly digest: Digest
  /** Bytes. undefined: not checked. */
  readonly size?: number
}

/** The pin of a blob in a lease. */
export const blobPin = (digest: Digest): string => `blob-${digestHex(digest)}`

/** The blobs of one store. What this process writes is kept from the collector until `letGo`. */
export class Blobs {
  readonly #kept = new Set<Digest>()

  constructor(
    readonly paths: StorePaths,
    readonly lease: Lease,
  ) {}

  /** Whether a blob is there (with that size, if one is said). Content is checked when it is read. */
  async has(name: BlobName): Promise<boolean> {
    const found = await this.size(name.digest)
    return found !== undefined && (name.size === undefined || found === name.size)
  }

  /** Bytes of a blob; undefined where there is none. */
  async size(digest: Digest): Promise<number | undefined> {
    if (!isDigest(digest)) return undefined
    return (await unlessGone(() => stat(this.paths.blob(digest))))?.size
  }

  /** The bytes of a blob, verified. @throws StrataError `ERR_BLOB_MISSING` @throws DigestMismatchError at the end of a blob that is not what its name says */
  read(name: BlobName): AsyncGenerator<Uint8Array> {
    return verified(this.#chunks(name.digest), name, `blob ${name.digest}`)
  }

  /** The bytes of a blob from `offset` on, unverified: for readers that check what they get. @throws StrataError `ERR_BLOB_MISSING` */
  open(name: Pick<BlobName, 'digest'>, offset = 0): AsyncGenerator<Uint8Array> {
    return this.#chunks(name.digest, offset)
  }

  /** Stores a stream. With `expected`, a stream that is anything else leaves nothing. @throws DigestMismatchError */
  async write(
    source: AsyncIterable<Uint8Array>,
    expected?: Partial<BlobName>,
    options: { signal?: AbortSignal } = {},
  ): Promise<Required<BlobName>> {
    const temporary = this.lease.temporary()
    try {
      const written = await withSpace('writing a blob', () => writeHashed(source, temporary, expected?.size, options.signal))
      if (expected?.digest !== undefined && expected.digest !== written.digest) {
        throw new DigestMismatchError(expected.digest, written.digest, 'blob')
      }
      if (expected?.size !== undefined && expected.size !== written.size) {
        throw new DigestMismatchError(`${expected.size} bytes`, `${written.size}`, `blob ${written.digest}`)
      }
      await this.keep([written.digest])
      await publish(temporary, this.paths.blob(written.digest))
      return written
    } finally {
      await rm(temporary, { force: true })
    }
  }

  /** Makes the names of all blobs durable, whoever brought them: before anything refers to blobs that came by `receiveBlob`. */
  settle(): Promise<void> {
    return syncDirectory(this.paths.blobs())
  }

  /** Keeps blobs from the collector, whether they are there yet or not, until `letGo`. Waits for a collection under way. In a store that cannot be written
   *  there is nobody to keep them from. */
  async keep(digests: readonly Digest[]): Promise<void> {
    if (this.lease.isReadOnly) return
    const fresh = digests.filter((digest) => !this.#kept.has(digest))
    if (fresh.length === 0) return
    await withLock(this.paths.collectLock(), false, undefined, async () => {
      for (const digest of fresh) {
        if (this.#kept.has(digest)) continue
        this.#kept.add(digest)
        this.lease.pin(blobPin(digest))
      }
    })
  }

  /** Lets go of all that `keep` and `write` kept: what has no reference may be collected from now on. */
  letGo(): void {
    for (const digest of this.#kept) this.lease.unpin(blobPin(digest))
    this.#kept.clear()
  }

  async *#chunks(digest: Digest, offset = 0): AsyncGenerator<Uint8Array> {
    yield* fileChunks(await this.#open(digest), offset)
  }

  async #open(digest: Digest) {
    try {
      return await open(this.paths.blob(digest), constants.O_RDONLY | constants.O_NOFOLLOW)
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
      throw new StrataError(`the store has no blob ${digest}`, {
        code: 'ERR_BLOB_MISSING',
        remedy: 'load or pull the image again',
        cause,
      })
    }
  }
}

async function writeHashed(
  source: AsyncIterable<Uint8Array>,
  path: string,
  maxBytes: number | undefined,
  signal: AbortSignal | undefined,
): Promise<Required<BlobName>> {
  const hash = createSha256()
  let size = 0
  const file = await open(path, 'wx', 0o644)
  try {
    for await (const chunk of source) {
      signal?.throwIfAborted()
      size += chunk.length
      if (maxBytes !== undefined && size > maxBytes) throw new DigestMismatchError(`${maxBytes} bytes`, 'more', 'blob')
      hash.update(chunk)
      for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at)).bytesWritten
    }
    await file.sync()
  } finally {
    await file.close()
  }
  return { digest: `sha256:${hash.hex()}`, size }
}
