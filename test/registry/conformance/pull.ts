// Requirements of the distribution-spec, workflow "Pull" (end-1, end-2, end-3) and "Error Codes".
import { expect } from 'vitest'
import { digestBy, NOTHING, OCTETS, type Requirement, sha256 } from './wire.js'

export const PULL: readonly Requirement[] = [
  {
    id: 'end-1',
    what: 'answers 200 at /v2/',
    async run(wire) {
      await wire.ask('GET', '/v2/', 200)
    },
  },
  {
    id: 'end-2 get',
    what: 'gives a blob whole, with its digest and length',
    async run(wire, name) {
      const { digest } = await wire.blob(name, 'some bytes')
      const response = await wire.ask('GET', `/v2/${name}/blobs/${digest}`, 200)
      expect(await response.text()).toBe('some bytes')
      expect(response.headers.get('docker-content-digest')).toBe(digest)
      expect(response.headers.get('content-length')).toBe('10')
    },
  },
  {
    id: 'end-2 head',
    what: 'says of a blob that it is there, its digest and its size',
    async run(wire, name) {
      const { digest } = await wire.blob(name, 'some bytes')
      const { headers } = await wire.ask('HEAD', `/v2/${name}/blobs/${digest}`, 200)
      expect([headers.get('docker-content-digest'), headers.get('content-length')]).toEqual([digest, '10'])
    },
  },
  {
    id: 'end-2 empty',
    what: 'keeps a blob of no bytes',
    async run(wire, name) {
      const { digest } = await wire.blob(name, '')
      expect(await (await wire.ask('GET', `/v2/${name}/blobs/${digest}`, 200)).text()).toBe('')
    },
  },
  {
    id: 'end-2 missing',
    what: 'answers 404 and BLOB_UNKNOWN for a blob that the repository lacks',
    async run(wire, name) {
      await wire.blob(name, 'x')
      expect(await wire.codes('GET', `/v2/${name}/blobs/${NOTHING}`, 404)).toEqual(['BLOB_UNKNOWN'])
      await wire.ask('HEAD', `/v2/${name}/blobs/${NOTHING}`, 404)
    },
  },
  {
    id: 'end-2 elsewhere',
    what: 'does not give a blob of one repository in another',
    async run(wire, name) {
      const { digest } = await wire.blob(name, 'private')
      await wire.ask('GET', `/v2/${name}-other/blobs/${digest}`, 404)
    },
  },
  {
    id: 'end-2 range',
    what: 'gives a range of a blob (RFC 9110), and 416 for one past its end',
    async run(wire, name) {
      const { digest } = await wire.blob(name, '0123456789')
      const path = `/v2/${name}/blobs/${digest}`
      for (const [range, text, content] of [
        ['bytes=3-5', '345', 'bytes 3-5/10'],
        ['bytes=7-', '789', 'bytes 7-9/10'],
        ['bytes=-2', '89', 'bytes 8-9/10'],
      ] as const) {
        const response = await wire.ask('GET', path, 206, { headers: { range } })
        expect([await response.text(), response.headers.get('content-range')]).toEqual([text, content])
      }
      await wire.ask('GET', path, 416, { headers: { range: 'bytes=10-' } })
    },
  },
  {
    id: 'end-2 sha512',
    what: 'keeps blobs by sha512',
    async run(wire, name) {
      const { digest } = await wire.blob(name, 'long', 'sha512')
      expect(await (await wire.ask('GET', `/v2/${name}/blobs/${digest}`, 200)).text()).toBe('long')
      const url = await wire.begin(name, '?digest-algorithm=sha512')
      const wrong = wire.ending(url, digestBy('sha512', 'other'))
      expect(await wire.codes('PUT', wrong, 400, { headers: OCTETS, body: 'long' })).toEqual(['DIGEST_INVALID'])
    },
  },
  {
    id: 'end-3 get',
    what: 'gives a manifest by tag and by digest, byte for byte, with the type that it was sent with',
    async run(wire, name) {
      const { bytes, named } = await wire.manifest(name, 'x', { annotations: { 'org.example.key': 'value' } })
      await wire.send(name, 'one', bytes)
      for (const reference of ['one', named.digest]) {
        const response = await wire.ask('GET', `/v2/${name}/manifests/${reference}`, 200, { headers: { accept: named.mediaType } })
        expect(sha256(new Uint8Array(await response.arrayBuffer()))).toBe(named.digest)
        expect(response.headers.get('content-type')).toBe(named.mediaType)
        expect(response.headers.get('docker-content-digest')).toBe(named.digest)
      }
    },
  },
  {
    id: 'end-3 head',
    what: 'says of a manifest that it is there, its digest and its size',
    async run(wire, name) {
      const { digest, size, mediaType } = await wire.put(name, 'one', 'x')
      for (const reference of ['one', digest]) {
        const { headers } = await wire.ask('HEAD', `/v2/${name}/manifests/${reference}`, 200, { headers: { accept: mediaType } })
        expect([headers.get('docker-content-digest'), headers.get('content-length')]).toEqual([digest, `${size}`])
      }
    },
  },
  {
    id: 'end-3 missing',
    what: 'answers 404 and MANIFEST_UNKNOWN for a manifest that the repository lacks',
    async run(wire, name) {
      await wire.put(name, 'one', 'x')
      for (const reference of ['two', NOTHING]) {
        expect(await wire.codes('GET', `/v2/${name}/manifests/${reference}`, 404)).toEqual(['MANIFEST_UNKNOWN'])
        await wire.ask('HEAD', `/v2/${name}/manifests/${reference}`, 404)
      }
    },
  },
  {
    id: 'end-3 no repository',
    what: 'answers 404 for a repository that is not there',
    async run(wire, name) {
      await wire.codes('GET', `/v2/${name}-none/manifests/one`, 404)
      expect(await wire.codes('GET', `/v2/${name}-none/tags/list`, 404)).toEqual(['NAME_UNKNOWN'])
    },
  },
  {
    id: 'end-3 sha512',
    what: 'keeps a manifest by sha512, and what refers to it',
    debian: 'it names every manifest by sha256',
    async run(wire, name) {
      const { bytes } = await wire.manifest(name, 'x')
      const digest = digestBy('sha512', bytes)
      await wire.send(name, digest, bytes)
      const response = await wire.ask('GET', `/v2/${name}/manifests/${digest}`, 200)
      expect(response.headers.get('docker-content-digest')).toBe(digest)
      const subject = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: bytes.length }
      const { digest: referrer } = await wire.put(name, undefined, 'y', { subject })
      expect(await wire.json(`/v2/${name}/referrers/${digest}`)).toMatchObject({ manifests: [{ digest: referrer }] })
    },
  },
]
