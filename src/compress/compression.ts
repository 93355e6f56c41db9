// Which compression bytes have, by their first ones. Sources: RFC 1952, RFC 8878.

/** How a stream is compressed. */
export type Compression = 'gzip' | 'zstd' | 'none'

/** Bytes that `detectCompression` looks at. */
export const MAGIC_BYTES = 4

/** Compression by the magic number; 'none' where none is known. `head`: the first bytes of the stream. */
export function detectCompression(head: Uint8Array): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip'
  if (head.length < MAGIC_BYTES) return 'none'
  const magic = new DataView(head.buffer, head.byteOffset, MAGIC_BYTES).getUint32(0, true)
  // A zstd frame, or a skippable frame before one.
  return magic === 0xfd2fb528 || (magic & 0xfffffff0) >>> 0 === 0x184d2a50 ? 'zstd' : 'none'
}
