// Blobs: read from any byte on, looked for, mounted, removed. Source: distribution-spec "Pulling blobs"; RFC 9110 "Range Requests".
import { type Digest, DigestMismatchError, parseDigest, RegistryError, verified } from '../core/index.js'
import { type Answer, sizeHeader } from './answer.js'
import type { Connection } from './connection.js'
import { isWorthAnother } from './http/failure.js'
import { delayMs, pause } from './http/retry.js'
import type { RegistryCallOptions } from './manifests.js'
import { checkRepository, scopeOf } from './names.js'

/** A registry that breaks off again and again, a few bytes further each time, is left at some point. */
const CONNECTIONS_MAX = 100

/** What names a blob: its digest, and its size where it is known. */
export interface RegistryBlob {
  readonly digest: Digest
  /** In bytes. undefined: as many as come. */
  readonly size?: number | undefined
}

/** Options of reading a blob. */
export interface BlobReadOptions extends RegistryCallOptions {
  /** The first byte that is wanted. Default: 0. */
  readonly offset?: number | undefined
}

/** The bytes of a blob, whole and verified. @throws DigestMismatchError at the end of bytes that are not those */
export function readBlob(
  connection: Connection,
  repository: string,
  blob: RegistryBlob,
  options: RegistryCallOptions,
): AsyncGenerator<Uint8Array> {
  const { digest, size } = blob
  const expected = size === undefined ? { digest } : { digest, size }
  return verified(blobFrom(connection, repository, blob, options), expected, `blob ${digest} from ${connection.host}`)
}

/** The bytes of a blob from `offset` on, unverified, never more than its size: for those who have (and hash) what comes before. A connection that breaks is
 *  made again, and goes on where it broke. */
export async function* blobFrom(
  connection: Connection,
  repository: string,
  blob: RegistryBlob,
  options: BlobReadOptions,
): AsyncGenerator<Uint8Array> {
  const { digest, size } = blob
  const { signal } = options
  let at = options.offset ?? 0
  let failures = 0
  for (let connections = 1; ; connections++) {
    if (size !== undefined && at >= size) return
    const answer = await openBlob(connection, repository, digest, at, signal)
    try {
      // A registry without ranges sends everything again.
      let skip = answer.status === 206 ? 0 : at
      for await (const chunk of answer.body()) {
        const fresh = chunk.subarray(Math.min(skip, chunk.length))
        skip -= chunk.length - fresh.length
        if (fresh.length === 0) continue
        at += fresh.length
        if (size !== undefined && at > size)
          throw new DigestMismatchError(`${size} bytes`, 'more', `blob ${digest} from ${connection.host}`)
        // Bytes come: whatever broke before has passed.
        failures = 0
        yield fresh
      }
      if (size === undefined || at === size) return
      throw new RegistryError(`blob ${digest} from ${connection.host}: ended after ${at} of ${size} bytes`, 0)
    } catch (error) {
      signal?.throwIfAborted()
      if (!isWorthAnother(error) || ++failures >= connection.retry.attempts || connections >= CONNECTIONS_MAX) throw error
      await pause(delayMs(connection.retry, failures, undefined), signal)
    }
  }
}

async function openBlob(
  connection: Connection,
  repository: string,
  digest: Digest,
  offset: number,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  parseDigest(digest)
  const answer = await connection.call({
    method: 'GET',
    url: `/v2/${checkRepository(repository)}/blobs/${digest}`,
    what: `blob ${digest}`,
    scopes: [scopeOf(repository, 'pull')],
    headers: offset === 0 ? {} : { range: `bytes=${offset}-` },
    expect: [200, 206],
    signal,
  })
  if (answer.status === 200) return answer
  const [, start] = /^bytes (\d+)-\d+\/(?:\d+|\*)$/.exec(answer.header('content-range') ?? '') ?? []
  if (Number(start) === offset) return answer
  await answer.discard()
  throw new RegistryError(`blob ${digest} from ${connection.host}: asked for byte ${offset} on, got another range`, 206)
}

/** The size of a blob; undefined where there is none. A registry that does not say sizes gives -1. */
export async function headBlob(
  connection: Connection,
  repository: string,
  digest: Digest,
  options: RegistryCallOptions,
): Promise<number | undefined> {
  const answer = await connection.call({
    method: 'HEAD',
    url: `/v2/${checkRepository(repository)}/blobs/${parseDigest(digest)}`,
    what: `blob ${digest}`,
    scopes: [scopeOf(repository, 'pull')],
    expect: [200, 404],
    signal: options.signal,
  })
  await answer.discard()
  return answer.status === 404 ? undefined : (sizeHeader(answer, 'content-length') ?? -1)
}

/** Removes a blob from a repository; false where there is none. @throws RegistryError 405 where the registry does not delete */
export async function deleteBlob(
  connection: Connection,
  repository: string,
  digest: Digest,
  options: RegistryCallOptions,
): Promise<boolean> {
  const answer = await connection.call({
    method: 'DELETE',
    url: `/v2/${checkRepository(repository)}/blobs/${parseDigest(digest)}`,
    what: `blob ${digest}`,
    scopes: [scopeOf(repository, 'pull,delete')],
    expect: [200, 202, 404],
    signal: options.signal,
  })
  await answer.discard()
  return answer.status !== 404
}
