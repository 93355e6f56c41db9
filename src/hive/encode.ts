// Registry data to stored bytes, with the terminators that Windows programs write.
import { type RegistryData, typeNumber } from './data.js'
import { encodeUtf16 } from './text.js'

/** Longest data of one value: what the big data record can reference, 65,535 segments of 16,344 bytes. */
export const DATA_MAX_BYTES = 65_535 * 16_344

/** @throws TypeError where `data` does not fit `type`, RangeError where a number or the length is out of range */
export function encodeData(value: RegistryData): { readonly type: number; readonly raw: Uint8Array } {
  const type = typeNumber(value.type)
  const raw = encode(value)
  if (raw.length > DATA_MAX_BYTES) throw new RangeError(`a value holds at most ${DATA_MAX_BYTES} bytes, not ${raw.length}`)
  return { type, raw }
}

function encode({ type, data }: RegistryData): Uint8Array {
  switch (type) {
    case 'REG_SZ':
    case 'REG_EXPAND_SZ':
      return encodeUtf16(`${withoutNul(data, type)}\0`)
    case 'REG_LINK':
      return encodeUtf16(demand(data, 'string', type))
    case 'REG_MULTI_SZ':
      if (!Array.isArray(data)) throw new TypeError('REG_MULTI_SZ needs an array of strings')
      return encodeUtf16(`${data.map((text) => `${withoutNul(text, type)}\0`).join('')}\0`)
    case 'REG_DWORD':
    case 'REG_DWORD_BIG_ENDIAN': {
      if (!Number.isInteger(demand(data, 'number', type)) || data < 0 || data > 0xffffffff)
        throw new RangeError(`${type} holds 0 to 4294967295, not ${data}`)
      const out = new Uint8Array(4)
      new DataView(out.buffer).setUint32(0, data, type === 'REG_DWORD')
      return out
    }
    case 'REG_QWORD': {
      if (demand(data, 'bigint', type) < 0n || data > 0xffffffffffffffffn) throw new RangeError(`REG_QWORD holds 64 bits, not ${data}`)
      const out = new Uint8Array(8)
      new DataView(out.buffer).setBigUint64(0, data, true)
      return out
    }
    default:
      if (!(data instanceof Uint8Array)) throw new TypeError(`type ${type} needs a Uint8Array`)
      // Not slice: a Buffer's shares its bytes.
      return new Uint8Array(data)
  }
}

function demand<T>(data: T, kind: 'string' | 'number' | 'bigint', type: string): T {
  if (typeof data !== kind) throw new TypeError(`${type} needs a ${kind}, not ${typeof data}`)
  return data
}

/** A NUL would end the string early for every reader: raw bytes under the type's number can hold one. */
function withoutNul(text: string, type: string): string {
  if (demand(text, 'string', type).includes('\0')) throw new TypeError(`${type}: a string must not hold NUL`)
  return text
}
