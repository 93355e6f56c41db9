// Requirements of the distribution-spec, workflow "Push": manifests (end-7), with and without a subject.
import { expect } from 'vitest'
import { encodeJson, MEDIA_TYPE } from '../../../src/oci/index.js'
import { NOTHING, type Requirement, sha256 } from './wire.js'

const BEFORE = 'it is older than referrers'
const typed = (type: string) => ({ 'content-type': type })

export const MANIFESTS: readonly Requirement[] = [
  {
    id: 'end-7',
    what: 'takes a manifest by tag and by digest, and says where it is and its digest',
    async run(wire, name) {
      const { bytes, named } = await wire.manifest(name, 'x')
      for (const reference of ['one', named.digest]) {
        const response = await wire.send(name, reference, bytes)
        expect(response.headers.get('docker-content-digest')).toBe(named.digest)
        await wire.ask('GET', wire.location(response), 200, { headers: { accept: named.mediaType } })
      }
    },
  },
  {
    id: 'end-7 moved',
    what: 'lets a tag name another manifest',
    async run(wire, name) {
      const [first, second] = [await wire.put(name, 'one', 'x'), await wire.put(name, 'one', 'y')]
      const accept = { headers: { accept: MEDIA_TYPE.manifest } }
      const { headers } = await wire.ask('HEAD', `/v2/${name}/manifests/one`, 200, accept)
      expect(headers.get('docker-content-digest')).toBe(second.digest)
      await wire.ask('HEAD', `/v2/${name}/manifests/${first.digest}`, 200, accept)
    },
  },
  {
    id: 'end-7 index',
    what: 'takes an index, and an index of indexes',
    async run(wire, name) {
      const image = await wire.put(name, undefined, 'x')
      const bytes = new Uint8Array(encodeJson({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: [image] }))
      await wire.send(name, 'index', bytes, MEDIA_TYPE.index)
      const inner = { mediaType: MEDIA_TYPE.index, digest: sha256(bytes), size: bytes.length }
      const outer = new Uint8Array(encodeJson({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: [inner] }))
      await wire.send(name, 'outer', outer, MEDIA_TYPE.index)
      const response = await wire.ask('GET', `/v2/${name}/manifests/outer`, 200, { headers: { accept: MEDIA_TYPE.index } })
      expect(response.headers.get('content-type')).toBe(MEDIA_TYPE.index)
    },
  },
  {
    id: 'end-7 foreign',
    what: 'takes an image with a layer that is not distributed and not there',
    debian: 'it refuses addresses of layers that its configuration does not name',
    async run(wire, name) {
      const foreign = { mediaType: MEDIA_TYPE.layerForeignGzip, digest: NOTHING, size: 5, urls: ['https://a.example/layer'] }
      await wire.put(name, 'one', 'x', { layers: [foreign] })
    },
  },
  {
    id: 'end-7 absent',
    what: 'refuses a manifest that names what is not there: MANIFEST_BLOB_UNKNOWN',
    async run(wire, name) {
      const layers = [{ mediaType: MEDIA_TYPE.layer, digest: NOTHING, size: 1 }]
      const { bytes } = await wire.manifest(name, 'x', { layers })
      const sent = { headers: typed(MEDIA_TYPE.manifest), body: bytes }
      expect(await wire.codes('PUT', `/v2/${name}/manifests/one`, [400, 404], sent)).toContain('MANIFEST_BLOB_UNKNOWN')
      await wire.ask('GET', `/v2/${name}/manifests/one`, 404)
    },
  },
  {
    id: 'end-7 digest',
    what: 'refuses a manifest under the digest of another',
    async run(wire, name) {
      const { bytes } = await wire.manifest(name, 'x')
      const sent = { headers: typed(MEDIA_TYPE.manifest), body: bytes }
      expect(await wire.codes('PUT', `/v2/${name}/manifests/${NOTHING}`, 400, sent)).toEqual(['DIGEST_INVALID'])
    },
  },
  {
    id: 'end-7 invalid',
    what: 'refuses what is no manifest, has another type than said, or is under no tag',
    async run(wire, name) {
      const { bytes } = await wire.manifest(name, 'x')
      const put = (reference: string, type: string, body: string | Uint8Array<ArrayBuffer>) =>
        wire.codes('PUT', `/v2/${name}/manifests/${reference}`, [400, 404], { headers: typed(type), body })
      expect(await put('one', MEDIA_TYPE.manifest, '{')).toContain('MANIFEST_INVALID')
      expect(await put('one', MEDIA_TYPE.index, bytes)).toContain('MANIFEST_INVALID')
      await wire.ask('PUT', `/v2/${name}/manifests/-x`, [400, 404], { headers: typed(MEDIA_TYPE.manifest), body: bytes })
      await wire.ask('PUT', `/v2/${name}/manifests/${'x'.repeat(129)}`, [400, 404], { headers: typed(MEDIA_TYPE.manifest), body: bytes })
    },
  },
  {
    id: 'end-7 size',
    what: 'takes a manifest of four megabytes',
    async run(wire, name) {
      await wire.put(name, 'one', 'x', { annotations: { 'org.example.large': 'x'.repeat(4_000_000) } })
    },
  },
  {
    id: 'end-7 too large',
    what: 'refuses a manifest past its limit with 413',
    debian: 'it has another status for that',
    async run(wire, name) {
      const { bytes } = await wire.manifest(name, 'x', { annotations: { 'org.example.large': 'x'.repeat(4 * 2 ** 20) } })
      await wire.codes('PUT', `/v2/${name}/manifests/one`, 413, { headers: typed(MEDIA_TYPE.manifest), body: bytes })
    },
  },
  {
    id: 'end-7 tags',
    what: 'sets the tags that are named with a digest, and says which',
    debian: 'it is older than that',
    async run(wire, name) {
      const { bytes, named } = await wire.manifest(name, 'x')
      const response = await wire.send(name, `${named.digest}?tag=1&tag=1.2&tag=latest`, bytes)
      expect(response.headers.get('oci-tag')).toBe('1, 1.2, latest')
      expect(await wire.json(`/v2/${name}/tags/list`)).toMatchObject({ tags: ['1', '1.2', 'latest'] })
    },
  },
  {
    id: 'end-7 subject',
    what: 'takes a manifest whose subject is not there, and says that it has seen the subject',
    debian: BEFORE,
    async run(wire, name) {
      const subject = { mediaType: MEDIA_TYPE.manifest, digest: NOTHING, size: 5 }
      const { bytes, named } = await wire.manifest(name, 'x', { subject })
      const response = await wire.send(name, named.digest, bytes)
      expect(response.headers.get('oci-subject')).toBe(NOTHING)
    },
  },
]
