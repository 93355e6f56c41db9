// The codecs of Node: node:zlib reads several times faster than JavaScript. What is written is written by one encoder everywhere, for the same bytes.
import * as zlib from 'node:zlib'
import { throughTransform } from './transform.node.js'
import { unzstd as portableUnzstd } from './unzstd.js'
import { ZstdFrames } from './zstd-frames.js'

export { gzip } from './gzip.node.js'
export { zstd } from './zstd.node.js'

const OUTPUT_CHUNK_BYTES = 128 * 1024

// Node 22.15 and 23.8 added these; the types of Node 20 do not know them.
interface ZstdZlib {
  readonly createZstdDecompress?: (options: object) => NodeJS.ReadWriteStream
}
const zstdZlib = zlib as unknown as ZstdZlib

/** Decompresses a stream; several members are one stream. @throws FormatError for bytes that are not gzip or are cut off */
export const gunzip = (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> =>
  throughTransform(source, zlib.createGunzip({ chunkSize: OUTPUT_CHUNK_BYTES }), 'gzip')

/** Decompresses a stream; several frames are one stream. @throws FormatError for bytes that are not zstd or are cut off */
export const unzstd = (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> =>
  zstdZlib.createZstdDecompress === undefined
    ? portableUnzstd(source)
    : throughTransform(checkedFrames(source), zstdZlib.createZstdDecompress({ chunkSize: OUTPUT_CHUNK_BYTES }), 'zstd')

async function* checkedFrames(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const frames = new ZstdFrames()
  for await (const chunk of source) {
    frames.push(chunk)
    yield chunk
  }
  frames.end()
}
