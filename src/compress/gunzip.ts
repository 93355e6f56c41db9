// Reading gzip (RFC 1952) in any JavaScript host, by fflate; several members are one stream.
import { Gunzip } from 'fflate'
import { FormatError } from '../core/index.js'
import { inChunksUpTo } from './chunks.js'
import { Crc32 } from './crc32.js'

// A chunk can grow a thousandfold before fflate hands it out.
const CHUNK_BYTES = 8 * 1024
const TRAILER_BYTES = 8

/** Decompresses a stream. @throws FormatError for bytes that are not gzip, are cut off, or do not fit the last member's checksum */
export async function* gunzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const out: Uint8Array[] = []
  const member = new Crc32()
  const decoder = new Gunzip((chunk) => {
    member.update(chunk)
    out.push(chunk)
  })
  decoder.onmember = () => member.reset()
  let tail: Uint8Array = new Uint8Array(0)
  for await (const chunk of inChunksUpTo(source, CHUNK_BYTES)) {
    tail = lastBytes(tail, chunk)
    guard(() => decoder.push(chunk))
    yield* out.splice(0)
  }
  guard(() => decoder.push(new Uint8Array(0), true))
  yield* out.splice(0)
  checkTrailer(tail, member)
}

function guard(step: () => void): void {
  try {
    step()
  } catch (cause) {
    throw new FormatError('the gzip stream is corrupt or cut off', { cause })
  }
}

function lastBytes(tail: Uint8Array, chunk: Uint8Array): Uint8Array {
  if (chunk.length >= TRAILER_BYTES) return chunk.slice(-TRAILER_BYTES)
  const both = new Uint8Array(tail.length + chunk.length)
  both.set(tail)
  both.set(chunk, tail.length)
  return both.slice(-TRAILER_BYTES)
}

// fflate checks neither: CRC32 and size modulo 2^32 of what was in the member.
function checkTrailer(tail: Uint8Array, member: Crc32): void {
  if (tail.length < TRAILER_BYTES) throw new FormatError('the gzip stream is cut off')
  const view = new DataView(tail.buffer, tail.byteOffset, TRAILER_BYTES)
  if (view.getUint32(0, true) !== member.value || view.getUint32(4, true) !== member.length % 2 ** 32) {
    throw new FormatError('the gzip stream is corrupt or cut off: its checksum does not fit')
  }
}
