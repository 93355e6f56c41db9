// JSON from outside and JSON to be hashed: bounded, strict in, canonical out (RFC 8259; keys sorted as RFC 8785 has them).
import { FormatError, utf8 } from '../core/index.js'

const DEPTH_MAX = 64
const QUOTE = 0x22
const BACKSLASH = 0x5c

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A JSON document: strict UTF-8, one value, nothing after it, at most 64 levels deep. @throws FormatError */
export function parseJson(bytes: Uint8Array, what: string, maxBytes: number): unknown {
  if (bytes.length > maxBytes) throw new FormatError(`${what} has ${bytes.length} bytes, more than ${maxBytes}`, { jsonPath: '$' })
  refuseDeep(bytes, what)
  try {
    return JSON.parse(strict.decode(bytes))
  } catch (cause) {
    throw new FormatError(`${what} is not JSON`, { jsonPath: '$', cause })
  }
}

// Before JSON.parse: what it makes of deep input overflows the stack of whoever walks it.
function refuseDeep(bytes: Uint8Array, what: string): void {
  let depth = 0
  let inString = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!
    if (inString) {
      if (byte === BACKSLASH) at++
      else if (byte === QUOTE) inString = false
    } else if (byte === QUOTE) inString = true
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > DEPTH_MAX) throw new FormatError(`${what} is nested more than ${DEPTH_MAX} deep`, { jsonPath: '$' })
    } else if (byte === 0x7d || byte === 0x5d) depth--
  }
}

/** The one encoding of a document: keys sorted, no white space, absent fields left out. Equal values give equal bytes. */
export const encodeJson = (value: unknown): Uint8Array => utf8(write(value) ?? 'null')

function write(value: unknown): string | undefined {
  if (Array.isArray(value)) return `[${value.map((item) => write(item) ?? 'null').join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, field]) => {
      const text = write(field)
      return text === undefined ? [] : [`${JSON.stringify(key)}:${text}`]
    })
  return `{${fields.join(',')}}`
}
