// Blobs and uploads of the test registry. Source: distribution-spec "Pulling blobs", "Pushing blobs"; RFC 9110 "Range Requests".
import { type Exchange, Refusal } from './exchange.js'
import { isKnownDigest, type Storage } from './storage.js'

const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/

/** Whether a registry has repositories of that name. */
export const isRepository = (name: string): boolean => name.length <= 255 && REPOSITORY.test(name)

/** `/v2/<name>/blobs/<digest>`. */
export async function blobRoute(exchange: Exchange, storage: Storage, repository: string, digest: string): Promise<void> {
  if (!isKnownDigest(digest)) throw new Refusal(400, 'DIGEST_INVALID', 'no digest')
  const { method } = exchange
  if (method === 'DELETE') {
    if (!(await storage.unlink(repository, digest))) throw new Refusal(404, 'BLOB_UNKNOWN', `no blob ${digest}`)
    return exchange.answer(202)
  }
  if (method !== 'GET' && method !== 'HEAD') throw new Refusal(405, 'UNSUPPORTED', 'method not allowed')
  const size = await storage.blobSize(repository, digest)
  if (size === undefined) throw new Refusal(404, 'BLOB_UNKNOWN', `no blob ${digest}`)
  const headers = { 'content-type': 'application/octet-stream', 'docker-content-digest': digest, 'accept-ranges': 'bytes' }
  const range = exchange.fault?.kind === 'no-ranges' ? undefined : rangeOf(exchange.request.headers.range, size)
  if (range === undefined) return exchange.send(200, headers, size, storage.blob(digest, 0, size))
  const { start, end } = range
  if (start >= end) throw new Refusal(416, 'SIZE_INVALID', 'no such range', { 'content-range': `bytes */${size}` })
  const partial = { ...headers, 'content-range': `bytes ${start}-${end - 1}/${size}` }
  return exchange.send(206, partial, end - start, storage.blob(digest, start, end))
}

/** One range, from `start` to before `end`; undefined where none is asked for, or none that this registry reads. */
function rangeOf(header: string | undefined, size: number): { readonly start: number; readonly end: number } | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? []
  if (first === '' && last === '') return undefined
  if (first === '') return { start: Math.max(0, size - Number(last)), end: size }
  return { start: Number(first), end: last === '' ? size : Math.min(size, Number(last) + 1) }
}

/** POST `/v2/<name>/blobs/uploads/`: begin, mount, or all at once. */
export async function beginRoute(exchange: Exchange, storage: Storage, repository: string): Promise<void> {
  if (exchange.method !== 'POST') throw new Refusal(405, 'UNSUPPORTED', 'method not allowed')
  const { searchParams } = exchange.url
  const [mount, from, digest] = [searchParams.get('mount'), searchParams.get('from'), searchParams.get('digest')]
  if (mount !== null && isKnownDigest(mount) && (await mayMount(storage, mount, from))) {
    await storage.link(repository, mount)
    return exchange.answer(201, { location: `/v2/${repository}/blobs/${mount}`, 'docker-content-digest': mount })
  }
  const id = await storage.begin()
  if (digest !== null) return finish(exchange, storage, repository, id, digest)
  exchange.answer(202, { location: `/v2/${repository}/blobs/uploads/${id}`, range: '0-0' })
}

/** Without `from`, from whichever repository has it. */
async function mayMount(storage: Storage, digest: string, from: string | null): Promise<boolean> {
  if (from === null) return (await storage.holderOf(digest)) !== undefined
  return isRepository(from) && (await storage.blobSize(from, digest)) !== undefined
}

/** `/v2/<name>/blobs/uploads/<id>`: how far, more, all of it, no more of it. */
export async function uploadRoute(exchange: Exchange, storage: Storage, repository: string, id: string): Promise<void> {
  const size = await storage.uploadSize(id)
  if (size === undefined) throw new Refusal(404, 'BLOB_UPLOAD_UNKNOWN', 'no such upload')
  const headers = (bytes: number) => ({ location: `/v2/${repository}/blobs/uploads/${id}`, range: `0-${Math.max(0, bytes - 1)}` })
  switch (exchange.method) {
    case 'GET':
      return exchange.answer(204, headers(size))
    case 'DELETE':
      await storage.cancel(id)
      return exchange.answer(204)
    case 'PATCH': {
      checkOrder(exchange, size)
      const received = await append(exchange, storage, id)
      return exchange.answer(202, headers(size + received))
    }
    case 'PUT': {
      checkOrder(exchange, size)
      return finish(exchange, storage, repository, id, exchange.url.searchParams.get('digest') ?? '')
    }
    default:
      throw new Refusal(405, 'UNSUPPORTED', 'method not allowed')
  }
}

function checkOrder(exchange: Exchange, size: number): void {
  const header = exchange.request.headers['content-range']
  if (header === undefined) return
  const [, start] = /^(?:bytes )?(\d{1,15})-\d{1,15}(?:\/.*)?$/.exec(header) ?? []
  if (Number(start) !== size) throw new Refusal(416, 'BLOB_UPLOAD_INVALID', `the next byte is ${size}`)
}

async function append(exchange: Exchange, storage: Storage, id: string): Promise<number> {
  let received = 0
  const isSpoilt = exchange.fault?.kind === 'wrong-bytes'
  for await (const chunk of exchange.chunks()) {
    const bytes = Buffer.from(chunk)
    if (isSpoilt && received === 0 && bytes.length > 0) bytes[0] = (bytes[0] ?? 0) ^ 1
    await storage.append(id, bytes)
    received += chunk.length
  }
  return received
}

async function finish(exchange: Exchange, storage: Storage, repository: string, id: string, digest: string): Promise<void> {
  if (!isKnownDigest(digest)) throw new Refusal(400, 'DIGEST_INVALID', 'no digest, or one of an unknown algorithm')
  await append(exchange, storage, id)
  if (exchange.isCut) return
  if (!(await storage.finish(id, repository, digest))) {
    await storage.cancel(id)
    throw new Refusal(400, 'DIGEST_INVALID', 'the content has another digest')
  }
  exchange.answer(201, { location: `/v2/${repository}/blobs/${digest}`, 'docker-content-digest': digest })
}
