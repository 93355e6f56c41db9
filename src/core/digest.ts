// Digests as the OCI image-spec writes them (descriptor.md, "Digests"). Only sha256 is accepted: it is the only one that every tool writes.
import { createSha256 } from '#hash'
import { DigestMismatchError, FormatError } from './errors.js'

/** `sha256:` and 64 lower-case hexadecimal digits. */
export type Digest = `sha256:${string}`

const SHA256 = /^sha256:[a-f0-9]{64}$/

/** Whether `value` is a digest that this library can check and use as a file name. */
export const isDigest = (value: unknown): value is Digest => typeof value === 'string' && SHA256.test(value)

/** `value` as a digest. @throws FormatError for any other algorithm, length or letter (so it is safe in a path). */
export function parseDigest(value: unknown, jsonPath?: string): Digest {
  if (isDigest(value)) return value
  throw new FormatError(`not a sha256 digest: ${JSON.stringify(value)?.slice(0, 100)}`, jsonPath === undefined ? {} : { jsonPath })
}

/** The 64 digits alone. */
export const digestHex = (digest: Digest): string => digest.slice(7)

/** Digest of bytes that are in memory. */
export function digestOf(bytes: Uint8Array): Digest {
  const hash = createSha256()
  hash.update(bytes)
  return `sha256:${hash.hex()}`
}

/** Passes chunks on and, at the end, fails unless size and digest are as said. Size is checked while streaming: an endless source is cut.
 *  @throws DigestMismatchError */
export async function* verified(
  source: AsyncIterable<Uint8Array>,
  expected: { digest: Digest; size?: number },
  what: string,
): AsyncGenerator<Uint8Array> {
  const hash = createSha256()
  let size = 0
  for await (const chunk of source) {
    size += chunk.length
    if (expected.size !== undefined && size > expected.size) throw new DigestMismatchError(`${expected.size} bytes`, 'more', what)
    hash.update(chunk)
    yield chunk
  }
  if (expected.size !== undefined && size !== expected.size) throw new DigestMismatchError(`${expected.size} bytes`, `${size}`, what)
  const actual = `sha256:${hash.hex()}`
  if (actual !== expected.digest) throw new DigestMismatchError(expected.digest, actual, what)
}
