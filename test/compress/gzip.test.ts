// gzip: written the same everywhere, read by both codecs.
import { gunzipSync, gzipSync, inflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as portable from '../../src/compress/codec.js'
import * as node from '../../src/compress/codec.node.js'
import { digestOf, FormatError, utf8 } from '../../src/core/index.js'
import { bytesOf, streamOf } from '../image/support/make.js'
import { cut, sample } from './sample.js'

describe('gzip', () => {
  // A change here changes the digest of every layer that is written from now on.
  it.each([
    [0, 'sha256:59869db34853933b239f1e2219cf7d431da006aa919635478511fabbfc8849d2'],
    [1, 'sha256:3e1dfa1ccacf710bf33eee03aebc527fcdfaf20743b69546570d58e80b552f4f'],
    [300_000, 'sha256:3080f890e750bc1e4cb4997040acb48fa01049d06782cdd05bc728a10757276e'],
  ])('of %d bytes has the digest it always had', async (length, digest) => {
    expect(digestOf(await bytesOf(portable.gzip(streamOf(sample(length)))))).toBe(digest)
  })

  it('is the same however the source is cut', async () => {
    const bytes = sample(300_000)
    const whole = await bytesOf(portable.gzip(streamOf(bytes)))
    for (const size of [1000, 65_535, 65_536, 65_537, 131_072]) {
      expect(digestOf(await bytesOf(portable.gzip(cut(bytes, size))))).toBe(digestOf(whole))
    }
  })

  it('is the same in Node, where threads make it, and elsewhere', async () => {
    for (const length of [0, 1, 131_071, 131_072, 131_073, 1_000_000]) {
      const [here, elsewhere] = await Promise.all([node.gzip, portable.gzip].map((gzip) => bytesOf(gzip(cut(sample(length), 60_000)))))
      expect(digestOf(here!)).toBe(digestOf(elsewhere!))
    }
  })

  it('is one member, whatever the length', async () => {
    for (const length of [0, 1, 131_072, 131_073, 400_000]) {
      const bytes = sample(length)
      const packed = await bytesOf(portable.gzip(streamOf(bytes)))
      // Without the header and the trailer it is one deflate stream.
      expect(inflateRawSync(packed.subarray(10, -8)).equals(bytes)).toBe(true)
    }
  })

  it('holds no time and no name', async () => {
    expect([...(await bytesOf(portable.gzip(streamOf(utf8('x'))))).subarray(0, 10)]).toEqual([31, 139, 8, 0, 0, 0, 0, 0, 0, 3])
  })

  it('is read by zlib', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 70_000, size: 'max' }), { maxLength: 4 }), async (chunks) => {
        const packed = await bytesOf(portable.gzip(streamOf(...chunks)))
        expect(gunzipSync(packed).equals(Buffer.concat(chunks))).toBe(true)
      }),
      { numRuns: 30, endOnFailure: true },
    )
  })

  it.each([
    ['Node', node.gzip],
    ['elsewhere', portable.gzip],
  ])('in %s passes an error of its source, and lets go of one that is left early', async (_, gzip) => {
    let isClosed = false
    async function* source(isBroken: boolean) {
      try {
        for (let k = 0; !isBroken || k < 5; k++) yield sample(100_000)
        throw new TypeError('gone')
      } finally {
        isClosed = true
      }
    }
    await expect(bytesOf(gzip(source(true)))).rejects.toThrow('gone')
    isClosed = false
    for await (const chunk of gzip(source(false))) if (chunk.length > 100) break
    expect(isClosed).toBe(true)
  })
})

describe.each([
  ['node:zlib', node.gunzip],
  ['JavaScript', portable.gunzip],
])('gunzip by %s', (_, gunzip) => {
  const bytes = sample(200_000)
  const packed = gzipSync(bytes)

  it('gives the bytes back, however the source is cut', async () => {
    for (const size of [1, 7, 4096, packed.length]) {
      const from = size === 1 ? gzipSync(bytes.subarray(0, 3000)) : packed
      expect(digestOf(await bytesOf(gunzip(cut(from, size))))).toBe(digestOf(size === 1 ? bytes.subarray(0, 3000) : bytes))
    }
  })

  it('reads several members as one stream', async () => {
    const members = Buffer.concat([gzipSync(utf8('one ')), gzipSync(utf8('two ')), gzipSync(utf8('three'))])
    for (const size of [1, 20, members.length]) {
      expect(new TextDecoder().decode(await bytesOf(gunzip(cut(members, size))))).toBe('one two three')
    }
  })

  it('reads an empty member', async () => expect(await bytesOf(gunzip(streamOf(gzipSync(new Uint8Array(0)))))).toEqual(new Uint8Array(0)))

  it.each([0, 5, 10, 1000, packed.length - 9, packed.length - 8, packed.length - 4, packed.length - 1])(
    'refuses a stream cut off at byte %d',
    async (at) => {
      await expect(bytesOf(gunzip(cut(packed.subarray(0, at), 4096)))).rejects.toThrow(FormatError)
    },
  )

  it.each([
    ['another magic number', Buffer.from('not gzip at all, really')],
    ['a flipped bit', Buffer.from(packed.map((byte, at) => (at === packed.length >> 1 ? byte ^ 16 : byte)))],
    ['a wrong checksum', Buffer.from(packed.map((byte, at) => (at === packed.length - 6 ? byte ^ 1 : byte)))],
    ['a wrong length', Buffer.from(packed.map((byte, at) => (at === packed.length - 1 ? byte ^ 1 : byte)))],
    ['bytes after the last member', Buffer.concat([packed, utf8('garbage after')])],
  ])('refuses %s', async (_, broken) => {
    await expect(bytesOf(gunzip(cut(broken, 4096)))).rejects.toThrow(FormatError)
    await expect(bytesOf(gunzip(streamOf(broken)))).rejects.toThrow(FormatError)
  })

  it('passes an error of its source as it is', async () => {
    async function* broken() {
      yield packed.subarray(0, 1000)
      throw new TypeError('gone')
    }
    await expect(bytesOf(gunzip(broken()))).rejects.toThrow(TypeError)
  })

  it('lets go of its source when it is left early', async () => {
    let isClosed = false
    async function* source() {
      try {
        for (;;) yield packed
      } finally {
        isClosed = true
      }
    }
    for await (const _ of gunzip(source())) break
    expect(isClosed).toBe(true)
  })

  it('reads no further ahead than it must', async () => {
    const bomb = gzipSync(new Uint8Array(2 ** 26))
    let given = 0
    async function* source() {
      for (let at = 0; at < bomb.length; at += 1024) {
        given++
        yield bomb.subarray(at, at + 1024)
      }
    }
    let largest = 0
    for await (const chunk of gunzip(source())) {
      largest = Math.max(largest, chunk.length)
      if (given > 40) break
    }
    expect(largest).toBeLessThan(2 ** 23)
  })
})
