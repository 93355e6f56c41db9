// The codecs of Node: node:zlib reads several times faster than JavaScript. Gzip is written by fflate here too, for the same bytes everywhere.
import * as zlib from 'node:zlib'
import { UnsupportedError } from '../core/index.js'
import { throughTransform } from './transform.node.js'
import { unzstd as portableUnzstd } from './unzstd.js'
import { ZstdFrames } from './zstd-frames.js'

export { gzip } from './gzip.js'

const OUTPUT_CHUNK_BYTES = 128 * 1024
const ZSTD_LEVEL = 3

// Node 22.15 and 23.8 added these; the types of Node 20 do not know them.
interface ZstdZlib {
  readonly createZstdDecompress?: (options: object) => NodeJS.ReadWriteStream
  readonly createZstdCompress?: (options: object) => NodeJS.ReadWriteStream
  readonly constants: { readonly ZSTD_c_compressionLevel?: number; readonly ZSTD_c_checksumFlag?: number }
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

/** Compresses a stream with zstd, level 3. The bytes depend on the zstd that Node was built with (the diffID does not).
 *  @throws UnsupportedError before Node 22.15 */
export function zstd(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { createZstdCompress, constants } = zstdZlib
  if (createZstdCompress === undefined) {
    throw new UnsupportedError(`Node ${process.versions.node} cannot write zstd`, { remedy: 'use gzip, or Node 22.15 or later' })
  }
  const params = { [constants.ZSTD_c_compressionLevel!]: ZSTD_LEVEL, [constants.ZSTD_c_checksumFlag!]: 1 }
  return throughTransform(source, createZstdCompress({ chunkSize: OUTPUT_CHUNK_BYTES, params }), 'zstd')
}

async function* checkedFrames(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const frames = new ZstdFrames()
  for await (const chunk of source) {
    frames.push(chunk)
    yield chunk
  }
  frames.end()
}
