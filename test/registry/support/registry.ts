// Registries that last for one test, clients of them that do not wait long, and blobs to send.
import { afterEach } from 'vitest'
import { type Digest, digestOf, utf8 } from '../../../src/core/index.js'
import { type Descriptor, encodeJson, type Manifest, MEDIA_TYPE } from '../../../src/oci/index.js'
import { RegistryClient, type RegistryClientOptions } from '../../../src/registry/index.js'
import { TestRegistry, type TestRegistryOptions } from '../../../src/testing/index.js'

/** Tries follow each other at once. */
export const QUICK = { attempts: 4, minDelayMs: 1, maxDelayMs: 20 } as const

const open: TestRegistry[] = []

/** A registry that ends with the test. */
export async function registryFor(options?: TestRegistryOptions): Promise<TestRegistry> {
  const registry = await TestRegistry.start(options)
  open.push(registry)
  return registry
}

afterEach(async () => {
  for (const registry of open.splice(0)) await registry.close()
})

/** A client of it that does not wait long. */
export const clientOf = (registry: { readonly host: string }, options: RegistryClientOptions = {}): RegistryClient =>
  new RegistryClient(registry.host, { plainHttp: true, retry: QUICK, ...options })

/** Bytes with their digest, to be sent. `size` of them, made from `seed`; or the text. */
export function blob(content: string | number, seed = 1) {
  const bytes = typeof content === 'string' ? utf8(content) : pseudoRandom(content, seed)
  const digest = digestOf(bytes)
  async function* open(offset: number): AsyncGenerator<Uint8Array> {
    for (let at = offset; at < bytes.length; at += 10_000) yield bytes.subarray(at, Math.min(bytes.length, at + 10_000))
  }
  return { bytes, digest, size: bytes.length, open }
}

/** The same bytes for the same seed. */
export function pseudoRandom(size: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(size)
  let state = seed * 2_654_435_761
  for (let at = 0; at < size; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[at] = state >>> 24
  }
  return bytes
}

/** All bytes of a stream. */
export async function bytesOf(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk.slice())
  return new Uint8Array(Buffer.concat(chunks))
}

/** Digest of all bytes of a stream. (Comparing large arrays by their elements takes a test framework very long.) */
export const digestOfAll = async (source: AsyncIterable<Uint8Array>): Promise<Digest> => digestOf(await bytesOf(source))

/** All items of a list. */
export async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}

/** A manifest over one configuration and some layers (any bytes will do), which are sent first. */
export async function pushArtifact(
  client: RegistryClient,
  repository: string,
  reference: string,
  options: { readonly text?: string; readonly artifactType?: string; readonly subject?: Descriptor } = {},
): Promise<Descriptor> {
  const { text = 'config', artifactType, subject } = options
  const config = blob(text)
  await client.uploadBlob(repository, config)
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    config: { mediaType: 'application/vnd.example', digest: config.digest, size: config.size },
    layers: [],
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(subject === undefined ? {} : { subject }),
  }
  const bytes = encodeJson(manifest)
  const { digest } = await client.putManifest(repository, reference || digestOf(bytes), bytes, MEDIA_TYPE.manifest)
  return { mediaType: MEDIA_TYPE.manifest, digest, size: bytes.length }
}

/** A digest of nothing that is there. */
export const ABSENT: Digest = `sha256:${'a'.repeat(64)}`
