// Compression by name or by magic number; streams in pieces.
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { compress, decompress, detectCompression, inChunksOf, peek } from '../../src/compress/index.js'
import { FormatError, utf8 } from '../../src/core/index.js'
import { bytesOf, streamOf } from '../image/support/make.js'

const zstdAbc = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, 3, 0x19, 0, 0, 97, 98, 99)

describe('detectCompression', () => {
  it.each([
    [[0x1f, 0x8b], 'gzip'],
    [[0x28, 0xb5, 0x2f, 0xfd], 'zstd'],
    [[0x50, 0x2a, 0x4d, 0x18], 'zstd'],
    [[0x5f, 0x2a, 0x4d, 0x18], 'zstd'],
    [[0x60, 0x2a, 0x4d, 0x18], 'none'],
    [[0x28, 0xb5, 0x2f], 'none'],
    [[], 'none'],
    [[0x65, 0x74, 0x63, 0x2f], 'none'],
  ] as const)('takes %j for %s', (bytes, compression) => expect(detectCompression(Uint8Array.from(bytes))).toBe(compression))
})

describe('decompress', () => {
  it.each([
    ['gzip', gzipSync('abc')],
    ['zstd', zstdAbc],
    ['none', utf8('abc')],
  ] as const)('reads %s, named or detected, also from single bytes', async (compression, packed) => {
    for (const how of [compression, 'detect'] as const) {
      const single = streamOf(...Array.from(packed, (byte) => Uint8Array.of(byte)))
      expect(new TextDecoder().decode(await bytesOf(decompress(single, how)))).toBe('abc')
    }
  })

  it('refuses plain bytes that are said to be gzip', async () => {
    await expect(bytesOf(decompress(streamOf(utf8('plain')), 'gzip'))).rejects.toThrow(FormatError)
  })

  it('undoes compress', async () => {
    for (const compression of ['gzip', 'none'] as const) {
      expect(new TextDecoder().decode(await bytesOf(decompress(compress(streamOf(utf8('text')), compression), compression)))).toBe('text')
    }
  })
})

describe('streams in pieces', () => {
  it('cuts to exactly one size', async () => {
    const sizes = []
    for await (const chunk of inChunksOf(streamOf(new Uint8Array(5), new Uint8Array(0), new Uint8Array(9)), 4)) sizes.push(chunk.length)
    expect(sizes).toEqual([4, 4, 4, 2])
  })

  it('peeks without losing a byte, past the end too', async () => {
    const { head, stream } = await peek(streamOf(utf8('ab'), utf8('cd')), 3)
    expect([new TextDecoder().decode(head), new TextDecoder().decode(await bytesOf(stream))]).toEqual(['abc', 'abcd'])
    expect((await peek(streamOf(utf8('a')), 3)).head.length).toBe(1)
  })

  it('lets go of the source when what was peeked at is left early', async () => {
    let isClosed = false
    async function* source() {
      try {
        for (;;) yield utf8('x')
      } finally {
        isClosed = true
      }
    }
    const { stream } = await peek(source(), 2)
    for await (const _ of stream) break
    expect(isClosed).toBe(true)
  })
})
