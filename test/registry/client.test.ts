import { describe, expect, it } from 'vitest'
import { DigestMismatchError, digestOf, RegistryError } from '../../src/core/index.js'
import { encodeJson, MEDIA_TYPE } from '../../src/oci/index.js'
import { RegistryClient, referrersTag } from '../../src/registry/index.js'
import { ABSENT, all, blob, bytesOf, clientOf, digestOfAll, pushArtifact, registryFor } from './support/registry.js'

describe('blobs', () => {
  it.each([
    ['nothing', 0],
    ['one byte', 1],
    ['at once', 1024 * 1024],
    ['as a stream', 1024 * 1024 + 1],
  ])('go there and come back: %s', async (_, size) => {
    const client = clientOf(await registryFor())
    const sent = blob(size)
    expect(await client.headBlob('team/app', sent.digest)).toBeUndefined()
    await client.uploadBlob('team/app', sent)
    expect(await client.headBlob('team/app', sent.digest)).toBe(size)
    expect(await digestOfAll(client.blob('team/app', sent))).toBe(sent.digest)
  })

  it('go in chunks where that is asked for, each of that size but the last', async () => {
    const registry = await registryFor()
    const sent = blob(100_000)
    const reached: number[] = []
    await clientOf(registry).uploadBlob('a', sent, { chunkBytes: 30_000, onProgress: (bytes) => reached.push(bytes) })
    const ranges = registry.requests.filter(({ method }) => method === 'PATCH').map(({ headers }) => headers['content-range'])
    expect(ranges).toEqual(['0-29999', '30000-59999', '60000-89999', '90000-99999'])
    expect(reached).toEqual([30_000, 60_000, 90_000, 100_000])
    expect(await digestOfAll(clientOf(registry).blob('a', sent))).toBe(sent.digest)
  })

  it('come from any byte on', async () => {
    const client = clientOf(await registryFor())
    const sent = blob(5000)
    await client.uploadBlob('a', sent)
    for (const offset of [1, 4999, 5000])
      expect(await digestOfAll(client.blob('a', sent, { offset }))).toBe(digestOf(sent.bytes.subarray(offset)))
  })

  it('come from any byte on where the registry knows no ranges', async () => {
    const registry = await registryFor()
    const sent = blob(50_000)
    await clientOf(registry).uploadBlob('a', sent)
    registry.inject({ kind: 'no-ranges' })
    expect(await digestOfAll(clientOf(registry).blob('a', sent, { offset: 20_001 }))).toBe(digestOf(sent.bytes.subarray(20_001)))
  })

  it('go on where a download broke', async () => {
    const registry = await registryFor()
    const sent = blob(300_000)
    await clientOf(registry).uploadBlob('a', sent)
    registry.inject({ kind: 'drop', afterBytes: 100_000 })
    registry.inject({ kind: 'drop', afterBytes: 150_000 })
    expect(await digestOfAll(clientOf(registry).blob('a', sent))).toBe(sent.digest)
    const asked = registry.requests.filter(({ method, url }) => method === 'GET' && url.includes('/blobs/'))
    expect(asked).toHaveLength(3)
    expect(asked.slice(1).every(({ headers }) => /^bytes=[1-9]\d*-$/.test(String(headers.range)))).toBe(true)
    expect(asked.reduce((sum, { bytesSent }) => sum + bytesSent, 0)).toBeLessThan(300_000 + 2 * 70_000)
  })

  it.each([
    ['a stream', undefined],
    ['chunks', 200_000],
  ])('go on where an upload of %s broke', async (_, chunkBytes) => {
    const registry = await registryFor()
    const sent = blob(3_000_000)
    const patches = ({ method }: { method: string }) => method === 'PATCH'
    registry.inject({ kind: 'drop', afterBytes: 150_000, on: patches })
    await clientOf(registry).uploadBlob('a', sent, { chunkBytes })
    expect(await digestOfAll(clientOf(registry).blob('a', sent))).toBe(sent.digest)
    expect(registry.requests.filter(({ method, url }) => method === 'GET' && url.includes('/uploads/'))).toHaveLength(1)
    expect(registry.requests.filter(({ method }) => method === 'POST')).toHaveLength(1)
  })

  it('that are not what they are called are refused: by us, and by the registry', async () => {
    const registry = await registryFor()
    const client = clientOf(registry)
    const sent = blob(1000)
    await client.uploadBlob('a', sent)
    registry.inject({ kind: 'wrong-bytes' })
    await expect(bytesOf(client.blob('a', sent))).rejects.toThrow(DigestMismatchError)
    registry.inject({ kind: 'wrong-length', by: 1 })
    await expect(bytesOf(client.blob('a', sent))).rejects.toThrow(DigestMismatchError)
    registry.inject({ kind: 'wrong-length', by: -1, times: 9 })
    await expect(bytesOf(client.blob('a', sent))).rejects.toThrow(RegistryError)
    registry.clearFaults()
    const error = await client.uploadBlob('a', { ...sent, digest: ABSENT }).catch((failure) => failure)
    expect(error).toBeInstanceOf(RegistryError)
    expect(error).toMatchObject({ status: 400, codes: ['DIGEST_INVALID'] })
    expect(await client.headBlob('a', ABSENT)).toBeUndefined()
  })

  it('are taken over from another repository', async () => {
    const registry = await registryFor()
    const client = clientOf(registry)
    const sent = blob('shared')
    await client.uploadBlob('team/one', sent)
    expect(await client.mountBlob('team/two', sent.digest, 'team/one')).toBe(true)
    expect(await digestOfAll(client.blob('team/two', sent))).toBe(sent.digest)
    expect(await client.mountBlob('team/two', ABSENT, 'team/one')).toBe(false)
    expect(registry.requests.at(-1)).toMatchObject({ method: 'DELETE', status: 204 })
  })

  it('are removed', async () => {
    const client = clientOf(await registryFor())
    const sent = blob('x')
    await client.uploadBlob('a', sent)
    expect(await client.deleteBlob('a', sent.digest)).toBe(true)
    expect(await client.deleteBlob('a', sent.digest)).toBe(false)
    await expect(bytesOf(client.blob('a', sent))).rejects.toMatchObject({ status: 404, codes: ['BLOB_UNKNOWN'] })
  })
})

describe('manifests', () => {
  it('are stored and fetched by tag and by digest, byte for byte', async () => {
    const client = clientOf(await registryFor())
    const { digest, size, mediaType } = await pushArtifact(client, 'a', 'one')
    const byTag = await client.manifest('a', 'one')
    expect(byTag).toMatchObject({ digest, size, mediaType, document: { kind: 'manifest' } })
    expect((await client.manifest('a', digest)).bytes).toEqual(byTag.bytes)
    expect(await client.headManifest('a', 'one')).toEqual({ digest, size, mediaType })
    expect(await client.headManifest('a', 'two')).toBeUndefined()
    await expect(client.manifest('a', 'two')).rejects.toMatchObject({ status: 404, codes: ['MANIFEST_UNKNOWN'] })
  })

  it('whose bytes or digest are others are refused', async () => {
    const registry = await registryFor()
    const client = clientOf(registry)
    const { digest } = await pushArtifact(client, 'a', 'one')
    registry.inject({ kind: 'wrong-digest' })
    await expect(client.manifest('a', 'one')).rejects.toThrow(DigestMismatchError)
    registry.inject({ kind: 'wrong-bytes' })
    await expect(client.manifest('a', digest)).rejects.toThrow(DigestMismatchError)
    registry.inject({ kind: 'wrong-digest', on: ({ method }) => method === 'PUT' })
    const { bytes, mediaType } = await client.manifest('a', 'one')
    await expect(client.putManifest('a', 'two', bytes, mediaType)).rejects.toThrow(DigestMismatchError)
  })

  it('of more than 4 MiB are not read to the end', async () => {
    const registry = await registryFor()
    const client = clientOf(registry)
    await pushArtifact(client, 'a', 'one')
    registry.inject({ kind: 'wrong-length', by: 8 * 2 ** 20 })
    await expect(client.manifest('a', 'one')).rejects.toThrow(/more than 4194304 bytes/)
    await expect(client.putManifest('a', 'one', new Uint8Array(4 * 2 ** 20 + 1), MEDIA_TYPE.manifest)).rejects.toThrow(/more than 4194304/)
  })

  it('are removed, by tag alone or with all tags', async () => {
    const client = clientOf(await registryFor())
    const { digest } = await pushArtifact(client, 'a', 'one')
    await pushArtifact(client, 'a', 'two')
    expect(await client.deleteManifest('a', 'one')).toBe(true)
    expect(await all(client.tags('a'))).toEqual(['two'])
    expect(await client.deleteManifest('a', digest)).toBe(true)
    expect(await client.deleteManifest('a', digest)).toBe(false)
    expect(await all(client.tags('a'))).toEqual([])
  })

  it('need what they name to be there', async () => {
    const client = clientOf(await registryFor())
    const manifest = encodeJson({ schemaVersion: 2, config: { mediaType: 'x/y', digest: ABSENT, size: 1 }, layers: [] })
    await expect(client.putManifest('a', 'one', manifest, MEDIA_TYPE.manifest)).rejects.toMatchObject({ codes: ['MANIFEST_BLOB_UNKNOWN'] })
  })
})

describe('lists', () => {
  it('of tags and repositories come page by page', async () => {
    const registry = await registryFor()
    const client = clientOf(registry)
    for (const name of ['a', 'b/c', 'd']) await pushArtifact(client, name, 'latest')
    for (const tag of ['1', '2', '3', '10']) await pushArtifact(client, 'a', tag)
    expect(await all(client.tags('a'))).toEqual(['1', '10', '2', '3', 'latest'])
    expect(await all(client.tags('a', { pageSize: 2 }))).toEqual(['1', '10', '2', '3', 'latest'])
    expect(await all(client.tags('a', { pageSize: 2, last: '2' }))).toEqual(['3', 'latest'])
    expect(await all(client.catalog({ pageSize: 1 }))).toEqual(['a', 'b/c', 'd'])
    expect(registry.requests.filter(({ url }) => url.startsWith('/v2/_catalog'))).toHaveLength(3)
    await expect(all(client.tags('none'))).rejects.toMatchObject({ status: 404, codes: ['NAME_UNKNOWN'] })
  })
})

describe('referrers', () => {
  it.each([
    ['the registry lists them', true],
    ['a tag stands in for the list', false],
  ])('are found where %s', async (_, referrers) => {
    const client = clientOf(await registryFor({ referrers }))
    const subject = await pushArtifact(client, 'a', 'one')
    expect(await all(client.referrers('a', subject.digest))).toEqual([])
    const sbom = await pushArtifact(client, 'a', '', { text: 'sbom', artifactType: 'example/sbom', subject })
    const signature = await pushArtifact(client, 'a', '', { text: 'sig', artifactType: 'example/signature', subject })
    const found = (await all(client.referrers('a', subject.digest))).map(({ digest }) => digest)
    expect(found.sort()).toEqual([sbom.digest, signature.digest].sort())
    expect(await all(client.referrers('a', subject.digest, { artifactType: 'example/sbom' }))).toMatchObject([
      { digest: sbom.digest, artifactType: 'example/sbom' },
    ])
    expect((await client.headManifest('a', referrersTag(subject.digest))) === undefined).toBe(referrers)
    // What is removed is taken off the list, and no list is made for it.
    expect(await client.deleteManifest('a', sbom.digest)).toBe(true)
    expect((await all(client.referrers('a', subject.digest))).map(({ digest }) => digest)).not.toContain(sbom.digest)
    expect(await all(client.referrers('a', subject.digest, { artifactType: 'example/sbom' }))).toEqual([])
    await client.deleteManifest('a', subject.digest)
    expect((await client.headManifest('a', referrersTag(subject.digest))) === undefined).toBe(referrers)
  })

  it('come page by page', async () => {
    const client = clientOf(await registryFor({ pageSize: 2 }))
    const subject = await pushArtifact(client, 'a', 'subject', { text: 'subject' })
    for (const text of ['1', '2', '3', '4', '5']) await pushArtifact(client, 'a', '', { text, subject })
    expect(new Set((await all(client.referrers('a', subject.digest))).map(({ digest }) => digest)).size).toBe(5)
  })
})

describe('a client', () => {
  it('says what is wrong with its options and names', async () => {
    expect(() => new RegistryClient('http://x')).toThrow(TypeError)
    expect(() => new RegistryClient('x', { user: 1 } as never)).toThrow(/unknown option 'user'/)
    const client = clientOf(await registryFor())
    for (const name of ['', '../x', 'Upper', 'a//b']) await expect(client.manifest(name, 'x'), name).rejects.toThrow(TypeError)
    for (const tag of ['', 'a b', 'sha256:x', '.a']) await expect(client.manifest('a', tag), tag).rejects.toThrow(TypeError)
    await expect(client.headBlob('a', 'sha512:00' as never)).rejects.toMatchObject({ code: 'ERR_FORMAT' })
  })

  it('works over the fetch of this JavaScript host', async () => {
    const client = new RegistryClient((await registryFor()).host)
    const sent = blob(2_000_000)
    await client.uploadBlob('a', sent)
    expect(await digestOfAll(client.blob('a', sent))).toBe(sent.digest)
    await pushArtifact(client, 'a', 'one')
    await client.ping()
  })

  it('tells a registry from what is none', async () => {
    const registry = await registryFor()
    registry.inject({ kind: 'status', status: 404, on: () => true, times: 2 })
    await expect(clientOf(registry).ping()).rejects.toMatchObject({ code: 'ERR_REGISTRY', status: 404 })
    await registry.close()
    await expect(clientOf(registry).ping()).rejects.toMatchObject({ code: 'ERR_REGISTRY', status: 0 })
  })
})
