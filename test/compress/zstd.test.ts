// zstd: written the same everywhere, read by both codecs.
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import * as portable from '../../src/compress/codec.js'
import * as node from '../../src/compress/codec.node.js'
import { ZSTD_WINDOW_MAX_BYTES } from '../../src/compress/zstd-frames.js'
import { concat, digestOf, FormatError, utf8 } from '../../src/core/index.js'
import { bytesOf, streamOf } from '../image/support/make.js'
import { requires } from '../support/requires.js'
import { cut, sample } from './sample.js'

const pack = (bytes: Uint8Array, ...options: string[]) =>
  spawnSync('zstd', ['-q', '-c', ...options], { input: bytes, maxBuffer: 2 ** 28 }).stdout
const text = utf8(Array.from({ length: 40_000 }, (_, index) => `line ${index * 7919} of it\n`).join(''))

/** A frame without compression: magic, header, then blocks of `type` with their size field. */
const frame = (header: readonly number[], ...blocks: readonly number[]) => Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, ...header, ...blocks)
/** "abc" as one raw last block. */
const ABC = [0x19, 0, 0, 97, 98, 99]
const SINGLE_3 = [0x20, 3]
const skippable = (size: number) => concat([Uint8Array.of(0x5a, 0x2a, 0x4d, 0x18, size, 0, 0, 0), new Uint8Array(size)])

describe.each([
  ['node:zlib, where it has zstd', node.unzstd],
  ['JavaScript', portable.unzstd],
])('unzstd by %s', (_, unzstd) => {
  const read = async (bytes: Uint8Array, size = bytes.length) => new TextDecoder().decode(await bytesOf(unzstd(cut(bytes, size))))

  it('reads frames, several of them, and passes over skippable ones', async () => {
    const stream = concat([skippable(5), frame(SINGLE_3, ...ABC), skippable(0), frame(SINGLE_3, ...ABC)])
    for (const size of [1, 3, stream.length]) expect(await read(stream, size)).toBe('abcabc')
  })

  it('reads a frame with an empty last block', async () => {
    expect(await read(frame(SINGLE_3, 0x18, 0, 0, 97, 98, 99, 0x01, 0, 0))).toBe('abc')
  })

  it('reads what the zstd command writes', async (ctx) => {
    requires(ctx, 'zstd')
    for (const options of [['-1'], ['-3', '--no-check'], ['-19'], ['--long=25']]) {
      expect(digestOf(await bytesOf(unzstd(cut(pack(text, ...options), 1000))))).toBe(digestOf(text))
    }
  })

  it('refuses a stream cut off anywhere', async (ctx) => {
    requires(ctx, 'zstd')
    const packed = pack(text)
    for (const at of [0, 3, 5, 9, 100, packed.length >> 1, packed.length - 5, packed.length - 1]) {
      await expect(bytesOf(unzstd(cut(packed.subarray(0, at), 1000)))).rejects.toThrow(FormatError)
    }
  })

  it.each([
    ['another magic number', utf8('not zstd at all')],
    ['a reserved block type', frame(SINGLE_3, 0x1f, 0, 0, 97, 98, 99)],
    ['a block larger than 128 KiB', frame([0x00, 0x50], 0x01, 0, 0x80)],
    ['a dictionary', frame([0x21, 7, 3], ...ABC)],
    ['garbage after the last frame', concat([frame(SINGLE_3, ...ABC), utf8('garbage!')])],
    ['a window of more than 32 MiB', frame([0x00, ((25 - 10) << 3) | 1], ...ABC)],
    ['a content of more than 32 MiB in a single segment', frame([0xa0, 1, 0, 0, 2], ...ABC)],
  ])('refuses %s', async (_, bytes) => expect(read(bytes)).rejects.toThrow(FormatError))

  it('takes a window of exactly 32 MiB', async () => {
    expect(ZSTD_WINDOW_MAX_BYTES).toBe(2 ** 25)
    expect(await read(frame([0x00, (25 - 10) << 3], ...ABC))).toBe('abc')
  })

  it('does not spend hours on a megabyte of empty blocks', { timeout: 10_000 }, async () => {
    const empty = new Uint8Array(3 * 300_000)
    const stream = concat([frame([0x00, (25 - 10) << 3]), empty, Uint8Array.of(1, 0, 0)])
    const outcome = await read(stream).catch((error: unknown) => error)
    expect(outcome === '' || outcome instanceof FormatError).toBe(true)
  })
})

describe('zstd', () => {
  // A change here changes the digest of every layer that is written from now on.
  it.each([
    [0, 'sha256:6fb8543883dafcc2ed0934866b8b3f775231f5b0933add08bf502e9e84944cbd'],
    [1, 'sha256:adfe0eb9e966d2865e17750d8534aa8c97c30fae7a26a8c152c86b46184f6847'],
    [1_500_000, 'sha256:c23079e0877f7d8a35ca6bc18f784cd28f001f6e3e0707dcd57212013ad1ba7f'],
  ])('of %d bytes has the digest it always had', async (length, digest) => {
    expect(digestOf(await bytesOf(portable.zstd(streamOf(sample(length)))))).toBe(digest)
  })

  it('is the same in Node, where threads make it, and elsewhere', async () => {
    for (const length of [0, 1, 524_287, 524_288, 524_289, 2_000_000]) {
      const [here, elsewhere] = await Promise.all([node.zstd, portable.zstd].map((zstd) => bytesOf(zstd(cut(sample(length), 60_000)))))
      expect(digestOf(here!)).toBe(digestOf(elsewhere!))
    }
  })

  it('is the same however the source is cut, and for several streams at once', async () => {
    const bytes = sample(1_200_000)
    const whole = digestOf(await bytesOf(portable.zstd(streamOf(bytes))))
    const all = await Promise.all([1000, 524_287, 524_288, 524_289].map((size) => bytesOf(portable.zstd(cut(bytes, size)))))
    expect(all.map(digestOf)).toEqual(all.map(() => whole))
  })

  it('is read by both codecs and by the zstd command', async (ctx) => {
    const packed = await bytesOf(node.zstd(cut(text, 1000)))
    expect(digestOf(await bytesOf(portable.unzstd(streamOf(packed))))).toBe(digestOf(text))
    expect(digestOf(await bytesOf(node.unzstd(streamOf(packed))))).toBe(digestOf(text))
    requires(ctx, 'zstd')
    const two = sample(1_200_000)
    const input = await bytesOf(node.zstd(streamOf(two)))
    expect(digestOf(spawnSync('zstd', ['-q', '-d', '-c'], { input, maxBuffer: 2 ** 28 }).stdout)).toBe(digestOf(two))
  })

  it('passes an error of its source', async () => {
    const failing = async function* () {
      yield new Uint8Array(10)
      throw new RangeError('the source failed')
    }
    await expect(bytesOf(node.zstd(failing()))).rejects.toThrow('the source failed')
  })
})
