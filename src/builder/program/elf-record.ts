// Numbers in a piece of an ELF file, in its class and byte order. Source: elf(5), "Basic types".
import { FormatError } from '../../core/index.js'

/** How a file writes its numbers. */
export interface ElfEncoding {
  /** 32 or 64: the size of addresses and offsets, in bits. */
  readonly class: 32 | 64
  readonly littleEndian: boolean
}

/** A piece of an ELF file. Reads past its end throw FormatError with the offset in the file. */
export class ElfRecord {
  readonly #view: DataView
  readonly #encoding: ElfEncoding
  readonly #origin: number

  /** @param origin where `bytes` begin in the file */
  constructor(bytes: Uint8Array, encoding: ElfEncoding, origin: number) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#encoding = encoding
    this.#origin = origin
  }

  u16(at: number): number {
    this.#demand(at, 2)
    return this.#view.getUint16(at, this.#encoding.littleEndian)
  }

  u32(at: number): number {
    this.#demand(at, 4)
    return this.#view.getUint32(at, this.#encoding.littleEndian)
  }

  /** An address, offset or size: 4 or 8 bytes, by class. What no double holds is past the end of any file, so it is given as Infinity. */
  word(at: number): number {
    if (this.#encoding.class === 32) return this.u32(at)
    this.#demand(at, 8)
    const value = this.#view.getBigUint64(at, this.#encoding.littleEndian)
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : Number.POSITIVE_INFINITY
  }

  #demand(at: number, size: number): void {
    if (at + size > this.#view.byteLength) throw new FormatError(`an ELF record ends within a number`, { offset: this.#origin + at })
  }
}
