// Stored bytes to registry data. Strings end at the first NUL, as every reader on Windows sees them; `raw` still has the rest.
import { type RegistryData, typeName } from './data.js'
import { decodeUtf16 } from './text.js'

/** Never throws: data that does not fit its type comes as bytes under the type's number. */
export function decodeData(type: number, raw: Uint8Array): RegistryData {
  const name = typeName(type)
  switch (name) {
    case 'REG_SZ':
    case 'REG_EXPAND_SZ':
      return { type: name, data: untilNul(decodeUtf16(raw)) }
    case 'REG_LINK':
      return { type: name, data: decodeUtf16(raw) }
    case 'REG_DWORD':
    case 'REG_DWORD_BIG_ENDIAN':
      return raw.length === 4 ? { type: name, data: numbers(raw).getUint32(0, name === 'REG_DWORD') } : { type, data: raw }
    case 'REG_QWORD':
      return raw.length === 8 ? { type: name, data: numbers(raw).getBigUint64(0, true) } : { type, data: raw }
    case 'REG_MULTI_SZ':
      return { type: name, data: splitMulti(decodeUtf16(raw)) }
    case undefined:
      return { type, data: raw }
    default:
      return { type: name, data: raw }
  }
}

const numbers = (raw: Uint8Array) => new DataView(raw.buffer, raw.byteOffset, raw.byteLength)

function untilNul(text: string): string {
  const nul = text.indexOf('\0')
  return nul < 0 ? text : text.slice(0, nul)
}

/** Only the list's own terminator goes: empty strings inside count (PendingFileRenameOperations holds them). */
function splitMulti(text: string): string[] {
  const list = text.endsWith('\0') ? text.slice(0, -1) : text
  if (list === '') return []
  return (list.endsWith('\0') ? list.slice(0, -1) : list).split('\0')
}
