// Requirements of the distribution-spec, workflow "Push": blobs (end-4 to end-6, end-11, end-13).
import { expect } from 'vitest'
import { digestBy, NOTHING, OCTETS, type Requirement, sha256 } from './wire.js'

/** Headers of one chunk. */
const chunk = (from: number, to: number) => ({ ...OCTETS, 'content-range': `${from}-${to}` })
const OLD = 'distribution 2.8 takes chunks in any order'

export const PUSH: readonly Requirement[] = [
  {
    id: 'end-4a, end-6',
    what: 'takes a blob by POST and PUT, and says where it is',
    async run(wire, name) {
      const digest = sha256('whole')
      const response = await wire.ask('PUT', wire.ending(await wire.begin(name), digest), 201, { headers: OCTETS, body: 'whole' })
      expect(response.headers.get('docker-content-digest')).toBe(digest)
      expect(await (await wire.ask('GET', wire.location(response), 200)).text()).toBe('whole')
    },
  },
  {
    id: 'end-4b',
    what: 'takes a blob by a single POST, or asks for a PUT',
    async run(wire, name) {
      const digest = sha256('single')
      const sent = { headers: OCTETS, body: 'single' }
      const response = await wire.ask('POST', `/v2/${name}/blobs/uploads/?digest=${digest}`, [201, 202], sent)
      if (response.status === 202) await wire.ask('PUT', wire.location(response, { digest }), 201, sent)
      await wire.ask('HEAD', `/v2/${name}/blobs/${digest}`, 200)
    },
  },
  {
    id: 'end-6 digest',
    what: 'refuses bytes with another digest than said: 400 and DIGEST_INVALID; nothing of it is to be had',
    async run(wire, name) {
      for (const digest of [NOTHING, 'sha256:abc', 'md5:d41d8cd98f00b204e9800998ecf8427e']) {
        const url = wire.ending(await wire.begin(name), digest)
        expect(await wire.codes('PUT', url, 400, { headers: OCTETS, body: 'x' }), digest).toEqual(['DIGEST_INVALID'])
      }
      await wire.ask('HEAD', `/v2/${name}/blobs/${NOTHING}`, 404)
    },
  },
  {
    id: 'end-5',
    what: 'takes a blob in chunks, each answered with what is there, and a last one with the PUT',
    async run(wire, name) {
      let url = await wire.begin(name)
      for (const [from, text] of [
        [0, 'abc'],
        [3, 'defg'],
      ] as const) {
        const to = from + text.length - 1
        const response = await wire.ask('PATCH', url, 202, { headers: chunk(from, to), body: text })
        expect(response.headers.get('range')).toBe(`0-${to}`)
        url = wire.location(response)
      }
      const digest = sha256('abcdefghi')
      await wire.ask('PUT', wire.ending(url, digest), 201, { headers: chunk(7, 8), body: 'hi' })
      expect(await (await wire.ask('GET', `/v2/${name}/blobs/${digest}`, 200)).text()).toBe('abcdefghi')
    },
  },
  {
    id: 'end-5 stream',
    what: 'takes a blob as one PATCH without a range',
    async run(wire, name) {
      const response = await wire.ask('PATCH', await wire.begin(name), 202, { headers: OCTETS, body: 'stream' })
      await wire.ask('PUT', wire.ending(wire.location(response), sha256('stream')), 201)
    },
  },
  {
    id: 'end-5 order',
    what: 'refuses a chunk out of order with 416, and goes on from where it was',
    debian: OLD,
    async run(wire, name) {
      const first = await wire.begin(name)
      await wire.ask('PATCH', first, 416, { headers: chunk(3, 5), body: 'def' })
      const url = wire.location(await wire.ask('PATCH', first, 202, { headers: chunk(0, 2), body: 'abc' }))
      for (const [from, to] of [
        [0, 2],
        [4, 6],
      ] as const)
        await wire.ask('PATCH', url, 416, { headers: chunk(from, to), body: 'def' })
      const status = await wire.ask('GET', url, 204)
      expect(status.headers.get('range')).toBe('0-2')
      const ending = wire.ending(wire.location(status), sha256('abcdef'))
      await wire.ask('PUT', ending, 416, { headers: chunk(1, 3), body: 'def' })
      await wire.ask('PUT', ending, 201, { headers: chunk(3, 5), body: 'def' })
    },
  },
  {
    id: 'end-13',
    what: 'says how far an upload is, and 404 for one that it does not know',
    async run(wire, name) {
      const url = wire.location(await wire.ask('PATCH', await wire.begin(name), 202, { headers: chunk(0, 9), body: '0123456789' }))
      const status = await wire.ask('GET', url, 204)
      expect(status.headers.get('range')).toBe('0-9')
      await wire.ask('PUT', wire.ending(wire.location(status), sha256('0123456789')), 201)
      expect(await wire.codes('GET', url, 404)).toEqual(['BLOB_UPLOAD_UNKNOWN'])
    },
  },
  {
    id: 'upload cancel',
    what: 'ends an upload that is not to be',
    async run(wire, name) {
      const url = await wire.begin(name)
      await wire.ask('DELETE', url, 204)
      await wire.ask('GET', url, 404)
    },
  },
  {
    id: 'end-11',
    what: 'lets a repository have a blob of another',
    async run(wire, name) {
      const { digest } = await wire.blob(name, `mounted ${name}`)
      const response = await wire.ask('POST', `/v2/${name}-other/blobs/uploads/?mount=${digest}&from=${name}`, 201)
      expect(response.headers.get('docker-content-digest')).toBe(digest)
      expect(await (await wire.ask('GET', wire.location(response), 200)).text()).toBe(`mounted ${name}`)
    },
  },
  {
    id: 'end-11 anonymous',
    what: 'lets a repository have a blob of whichever other has it',
    debian: 'it begins an upload instead, as the specification allows',
    async run(wire, name) {
      for (const algorithm of ['sha256', 'sha512']) {
        const { digest } = await wire.blob(name, `mounted ${name}`, algorithm)
        const response = await wire.ask('POST', `/v2/${name}-other/blobs/uploads/?mount=${digest}`, 201)
        await wire.ask('GET', wire.location(response), 200)
      }
    },
  },
  {
    id: 'end-11 unknown',
    what: 'begins an upload where it cannot mount',
    async run(wire, name) {
      await wire.blob(name, 'x')
      const response = await wire.ask('POST', `/v2/${name}/blobs/uploads/?mount=${NOTHING}&from=${name}`, 202)
      await wire.ask('PUT', wire.ending(wire.location(response), sha256('y')), 201, { headers: OCTETS, body: 'y' })
      await wire.ask('POST', `/v2/${name}/blobs/uploads/?mount=${digestBy('sha256', 'absent')}`, 202)
    },
  },
]
