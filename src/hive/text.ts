// Text in hives: UTF-16LE units, or "compressed" names (one byte a unit, all below U+0100). Both ways lossless: lone surrogates stay.

const CHUNK = 0x2000

/** UTF-16LE to a string; an odd last byte is left out. */
export function decodeUtf16(bytes: Uint8Array): string {
  let out = ''
  const end = bytes.length & ~1
  for (let at = 0; at < end; at += CHUNK) {
    const units: number[] = []
    for (let i = at; i < Math.min(at + CHUNK, end); i += 2) units.push(bytes[i]! | (bytes[i + 1]! << 8))
    out += String.fromCharCode(...units)
  }
  return out
}

/** A string to UTF-16LE, without terminator. */
export function encodeUtf16(text: string): Uint8Array {
  const out = new Uint8Array(text.length * 2)
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    out[2 * i] = unit & 0xff
    out[2 * i + 1] = unit >> 8
  }
  return out
}

/** One byte a unit, as compressed names are stored. */
export function decodeLatin1(bytes: Uint8Array): string {
  let out = ''
  for (let i = 0; i < bytes.length; i++) out += String.fromCharCode(bytes[i]!)
  return out
}

/** The name as a hive stores it: compressed where each unit is below U+0100, else UTF-16LE. */
export function encodeName(name: string): { readonly bytes: Uint8Array; readonly isCompressed: boolean } {
  if (/[^\0-\xff]/.test(name)) return { bytes: encodeUtf16(name), isCompressed: false }
  return { bytes: Uint8Array.from(name, (unit) => unit.charCodeAt(0)), isCompressed: true }
}
