// Blobs, sent: mounted, at once, as a stream or in chunks, and taken up again where a connection broke. Source: distribution-spec "Pushing blobs".
import { type Digest, parseDigest, RegistryError } from '../core/index.js'
import { type Answer, sizeHeader } from './answer.js'
import type { Connection } from './connection.js'
import { streamOf } from './http/body.js'
import { isWorthAnother } from './http/failure.js'
import { follow } from './http/redirect.js'
import { delayMs, pause } from './http/retry.js'
import type { RegistryCallOptions } from './manifests.js'
import { checkRepository, scopeOf } from './names.js'

/** A blob to send. */
export interface BlobSource {
  readonly digest: Digest
  /** In bytes. */
  readonly size: number
  /** Its bytes from `offset` on; asked for again where an upload has to be taken up again. */
  open(offset: number): AsyncIterable<Uint8Array>
}

/** Options of an upload. */
export interface UploadOptions extends RegistryCallOptions {
  /** Send chunks of so many bytes, each held in memory, one request each: for hosts that cannot send streams, and registries that limit a request.
   *  Default: all in one request. */
  readonly chunkBytes?: number | undefined
  /** Told how many bytes have been handed to the connection; less than before where an upload begins again. */
  readonly onProgress?: ((bytes: number) => void) | undefined
}

const OCTETS = { 'content-type': 'application/octet-stream' }
/** Up to this size a blob goes along with the request that ends the upload. */
const AT_ONCE_MAX_BYTES = 1024 * 1024

/** Where an upload stands. */
interface Session {
  readonly url: string
  readonly offset: number
  readonly chunkMinBytes: number
}

/** Lets a repository have a blob of another one in the same registry; false where the registry would rather have it sent. */
export async function mountBlob(
  connection: Connection,
  repository: string,
  digest: Digest,
  from: string,
  options: RegistryCallOptions,
): Promise<boolean> {
  const query = new URLSearchParams({ mount: parseDigest(digest), from: checkRepository(from) })
  const answer = await connection.call({
    method: 'POST',
    url: `/v2/${checkRepository(repository)}/blobs/uploads/?${query}`,
    what: `mount of ${digest} from ${from}`,
    scopes: [scopeOf(repository, 'pull,push'), scopeOf(from, 'pull')],
    expect: [201, 202],
    signal: options.signal,
  })
  await answer.discard()
  if (answer.status === 201) return true
  await cancel(connection, repository, sessionOf(connection, answer, 0).url)
  return false
}

/** Sends a blob. What the registry got before a connection broke is not sent again, where the registry keeps it. @throws RegistryError (`DIGEST_INVALID`) */
export async function uploadBlob(connection: Connection, repository: string, source: BlobSource, options: UploadOptions): Promise<void> {
  checkRepository(repository)
  parseDigest(source.digest)
  const { signal } = options
  let session = await begin(connection, repository, signal)
  try {
    for (let failures = 0; ; ) {
      try {
        await carryOn(connection, repository, source, session, options, (next) => {
          if (next.offset > session.offset) failures = 0
          session = next
        })
        return
      } catch (error) {
        signal?.throwIfAborted()
        const isLost = error instanceof RegistryError && LOST.has(error.status)
        if ((!isLost && !isWorthAnother(error)) || ++failures >= connection.retry.attempts) throw error
        await pause(delayMs(connection.retry, failures, undefined), signal)
        session = (await status(connection, repository, source, session, signal)) ?? (await begin(connection, repository, signal))
        options.onProgress?.(session.offset)
      }
    }
  } catch (error) {
    await cancel(connection, repository, session.url)
    throw error
  }
}

/** The registry does not know the session, or has another idea of its length. */
const LOST: ReadonlySet<number> = new Set([404, 416])

/** Sends what is missing, and ends the upload. */
async function carryOn(
  connection: Connection,
  repository: string,
  source: BlobSource,
  from: Session,
  options: UploadOptions,
  moved: (session: Session) => void,
): Promise<void> {
  let session = from
  const chunkBytes = options.chunkBytes === undefined ? undefined : Math.max(options.chunkBytes, session.chunkMinBytes)
  if (chunkBytes === undefined) {
    const isAtOnce = session.offset === 0 && source.size <= AT_ONCE_MAX_BYTES
    if (isAtOnce) return end(connection, repository, source, session, options, true)
    if (session.offset < source.size) {
      session = await send(
        connection,
        repository,
        session,
        source.size,
        (touch) => streamOf(counted(source, session.offset, options, touch)),
        options.signal,
      )
      moved(session)
    }
  } else {
    while (session.offset < source.size) {
      const { offset } = session
      const bytes = await slice(source, offset, Math.min(chunkBytes, source.size - offset))
      session = await send(connection, repository, session, offset + bytes.length, () => bytes, options.signal)
      options.onProgress?.(session.offset)
      moved(session)
    }
  }
  await end(connection, repository, source, session, options, false)
}

async function begin(connection: Connection, repository: string, signal: AbortSignal | undefined): Promise<Session> {
  const answer = await connection.call({
    method: 'POST',
    url: `/v2/${repository}/blobs/uploads/`,
    what: `upload to ${repository}`,
    scopes: [scopeOf(repository, 'pull,push')],
    expect: [202],
    signal,
  })
  await answer.discard()
  return sessionOf(connection, answer, 0)
}

/** One PATCH. It is not simply tried again: how far it got has to be asked first. */
async function send(
  connection: Connection,
  repository: string,
  session: Session,
  end: number,
  body: (touch: () => void) => ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>,
  signal: AbortSignal | undefined,
): Promise<Session> {
  const { url, offset } = session
  const answer = await connection.call({
    method: 'PATCH',
    url,
    what: `upload to ${repository}`,
    scopes: [scopeOf(repository, 'pull,push')],
    headers: { ...OCTETS, 'content-length': `${end - offset}`, 'content-range': `${offset}-${end - 1}` },
    body,
    expect: [201, 202, 204],
    signal,
    attempts: 1,
  })
  await answer.discard()
  const next = sessionOf(connection, answer, session.chunkMinBytes)
  const reached = receivedBytes(answer) ?? end
  if (reached < end) throw new RegistryError(`upload to ${repository}: the registry has ${reached} bytes of ${end}`, 0)
  return { ...next, offset: end }
}

async function end(
  connection: Connection,
  repository: string,
  source: BlobSource,
  session: Session,
  options: UploadOptions,
  isWhole: boolean,
): Promise<void> {
  const url = new URL(session.url)
  url.searchParams.set('digest', source.digest)
  const answer = await connection.call({
    method: 'PUT',
    url: url.href,
    what: `upload of ${source.digest} to ${repository}`,
    scopes: [scopeOf(repository, 'pull,push')],
    ...(isWhole ? { headers: { ...OCTETS, 'content-length': `${source.size}` } } : {}),
    ...(isWhole ? { body: (touch: () => void) => streamOf(counted(source, 0, options, touch)) } : {}),
    expect: [201, 204],
    signal: options.signal,
    attempts: 1,
  })
  await answer.discard()
}

/** How far the registry is; undefined where the upload has to begin again. */
async function status(
  connection: Connection,
  repository: string,
  source: BlobSource,
  session: Session,
  signal: AbortSignal | undefined,
): Promise<Session | undefined> {
  try {
    const answer = await connection.call({
      method: 'GET',
      url: session.url,
      what: `upload to ${repository}`,
      scopes: [scopeOf(repository, 'pull,push')],
      expect: [204],
      signal,
    })
    await answer.discard()
    const offset = receivedBytes(answer)
    if (offset === undefined || offset > source.size) return undefined
    return { ...sessionOf(connection, answer, session.chunkMinBytes), offset }
  } catch (error) {
    // Not every registry answers this, and none for an upload that it has given up.
    if (error instanceof RegistryError && error.status >= 400 && error.status < 500 && error.status !== 401) return undefined
    throw error
  }
}

/** Frees what the registry holds for an upload that is not to be. Nothing depends on whether it does. */
async function cancel(connection: Connection, repository: string, url: string): Promise<void> {
  try {
    const scopes = [scopeOf(repository, 'pull,push')]
    const call = { method: 'DELETE', url, what: `upload to ${repository}`, scopes, expect: [200, 202, 204, 404], attempts: 1 } as const
    await (await connection.call({ ...call, signal: AbortSignal.timeout(CANCEL_TIMEOUT_MS) })).discard()
  } catch (error) {
    // The specification has the registry clean up by itself, and what went wrong before is what the caller wants to know.
    if (!(error instanceof Error)) throw error
  }
}

const CANCEL_TIMEOUT_MS = 2000

function sessionOf(connection: Connection, answer: Answer, chunkMinBytes: number): Session {
  const url = follow(answer.header('location'), answer.url, `upload at ${connection.host}`, answer.status)
  return { url, offset: 0, chunkMinBytes: Math.min(sizeHeader(answer, 'oci-chunk-min-length') ?? chunkMinBytes, CHUNK_MIN_MAX_BYTES) }
}

/** A chunk is held in memory, so a registry cannot make it as large as it likes. */
const CHUNK_MIN_MAX_BYTES = 64 * 2 ** 20

/** `Range: 0-<last byte>`. `0-0` says nothing: some write that for no byte, some for one. */
function receivedBytes(answer: Answer): number | undefined {
  const [, last] = /^(?:bytes=)?0-(\d{1,15})$/.exec(answer.header('range') ?? '') ?? []
  return last === undefined || last === '0' ? undefined : Number(last) + 1
}

async function* counted(source: BlobSource, offset: number, options: UploadOptions, touch: () => void): AsyncGenerator<Uint8Array> {
  let at = offset
  for await (const chunk of source.open(offset)) {
    yield chunk
    touch()
    at += chunk.length
    options.onProgress?.(at)
  }
}

async function slice(source: BlobSource, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length)
  let at = 0
  for await (const chunk of source.open(offset)) {
    bytes.set(chunk.subarray(0, length - at), at)
    at = Math.min(length, at + chunk.length)
    if (at === length) break
  }
  return at === length ? bytes : bytes.slice(0, at)
}
