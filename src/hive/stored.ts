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

/** A new copy of a value's bytes. */
export function copyData(data: StoredValue['data']): Uint8Array {
  if (data instanceof Uint8Array) return data.slice()
  const out = new Uint8Array(dataSize(data))
  let at = 0
  for (const segment of data) {
    out.set(segment, at)
    at += segment.length
  }
  return out
}

/** Length of a value's bytes. */
export const dataSize = (data: StoredValue['data']): number =>
  data instanceof Uint8Array ? data.length : data.reduce((sum, segment) => sum + segment.length, 0)
