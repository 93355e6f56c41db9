// CRC-32 as gzip has it (RFC 1952, section 8).

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  return value
})

function advanced(from: number, bytes: Uint8Array): number {
  let state = from
  for (let at = 0; at < bytes.length; at++) state = TABLE[(state ^ bytes[at]!) & 0xff]! ^ (state >>> 8)
  return state
}

/** CRC-32 of bytes that follow others of the CRC-32 `before`. */
export const crc32 = (bytes: Uint8Array, before = 0): number => ~advanced(~before, bytes) >>> 0

/** A running CRC-32 and byte count. */
export class Crc32 {
  #state = 0xffffffff
  length = 0

  update(bytes: Uint8Array): void {
    this.#state = advanced(this.#state, bytes)
    this.length += bytes.length
  }

  reset(): void {
    this.#state = 0xffffffff
    this.length = 0
  }

  get value(): number {
    return ~this.#state >>> 0
  }
}
