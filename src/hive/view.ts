// The one door to a hive's bytes: a window whose every read is checked against its end. Numbers are little-endian (regf specification).
import { FormatError } from '../core/index.js'

/** A window on a byte array. Reads past its end throw FormatError with the offset in the whole file. */
export class View {
  // Not `#`: in code that is not compiled yet, as when a large hive has just been opened, those cost several times as much.
  private readonly all: Uint8Array
  private readonly numbers: DataView
  /** Where the window begins in the whole file. */
  readonly origin: number
  /** Length of the window, in bytes. */
  readonly size: number

  private constructor(all: Uint8Array, numbers: DataView, origin: number, size: number) {
    this.all = all
    this.numbers = numbers
    this.origin = origin
    this.size = size
  }

  /** A window on all of `bytes`, without a copy. */
  static of(bytes: Uint8Array): View {
    const { buffer, byteOffset, byteLength } = bytes
    // A Buffer is made plain: its slice shares bytes, and its subarray is five times slower.
    return new View(new Uint8Array(buffer, byteOffset, byteLength), new DataView(buffer, byteOffset, byteLength), 0, byteLength)
  }

  /** A narrower window. @throws FormatError where it would leave this one */
  window(at: number, size: number): View {
    if (at < 0 || size < 0 || at + size > this.size) throw this.outside(at, size)
    return new View(this.all, this.numbers, this.origin + at, size)
  }

  u8(at: number): number {
    if (at < 0 || at + 1 > this.size) throw this.outside(at, 1)
    return this.numbers.getUint8(this.origin + at)
  }

  u16(at: number): number {
    if (at < 0 || at + 2 > this.size) throw this.outside(at, 2)
    return this.numbers.getUint16(this.origin + at, true)
  }

  u32(at: number): number {
    if (at < 0 || at + 4 > this.size) throw this.outside(at, 4)
    return this.numbers.getUint32(this.origin + at, true)
  }

  i32(at: number): number {
    if (at < 0 || at + 4 > this.size) throw this.outside(at, 4)
    return this.numbers.getInt32(this.origin + at, true)
  }

  u64(at: number): bigint {
    if (at < 0 || at + 8 > this.size) throw this.outside(at, 8)
    return this.numbers.getBigUint64(this.origin + at, true)
  }

  /** The bytes themselves, not a copy. */
  bytes(at: number, size: number): Uint8Array {
    if (at < 0 || size < 0 || at + size > this.size) throw this.outside(at, size)
    return this.all.subarray(this.origin + at, this.origin + at + size)
  }

  private outside(at: number, size: number): FormatError {
    return new FormatError(`${size} bytes wanted where ${Math.max(0, this.size - at)} are left`, { offset: this.origin + at })
  }
}
