// Keys and values between record and API: what a file gives and what a save takes.
import type { KeyFields } from './records/nk.js'

/** A value's content. `data`: bytes, or the segments they lie in. */
export interface StoredValue {
  readonly name: string
  readonly type: number
  /** Flags of the record without the name's encoding. */
  readonly flags: number
  readonly data: Uint8Array | readonly Uint8Array[]
}

/** What a key holds itself, apart from subkeys and values. */
export interface StoredKey extends KeyFields {
  readonly className: string | undefined
  readonly security: Uint8Array | undefined
  /** Flag 0x40: the handle that the key stands for, kept in place of its number of values. */
  readonly predefinedHandle: number | undefined
}

// Small copies are cut from a shared block: an array of its own for each costs more than the copy.
const BLOCK_SIZE = 0x10000
const SMALL_MAX = 0x400
let block = new Uint8Array(0)
let blockUsed = 0

/** A new copy of a value's bytes. */
export function copyData(data: StoredValue['data']): Uint8Array {
  const out = freshBytes(dataSize(data))
  let at = 0
  for (const segment of data instanceof Uint8Array ? [data] : data) {
    out.set(segment, at)
    at += segment.length
  }
  return out
}

function freshBytes(size: number): Uint8Array {
  if (size > SMALL_MAX) return new Uint8Array(size)
  if (blockUsed + size > block.length) {
    block = new Uint8Array(BLOCK_SIZE)
    blockUsed = 0
  }
  const start = blockUsed
  // Eight, so that any typed array can be laid over the copy.
  blockUsed += (size + 7) & -8
  return block.subarray(start, start + size)
}

/** Length of a value's bytes. */
export const dataSize = (data: StoredValue['data']): number =>
  data instanceof Uint8Array ? data.length : data.reduce((sum, segment) => sum + segment.length, 0)
