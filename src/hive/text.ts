// Text in hives: UTF-16LE units, or "compressed" names (one byte a unit, all below U+0100). Both ways lossless: lone surrogates stay.

const CHUNK = 0x2000
const decoder = new TextDecoder('utf-16le', { ignoreBOM: true })

/** UTF-16LE to a string; an odd last byte is left out. */
export function decodeUtf16(bytes: Uint8Array): string {
  const whole = (bytes.length & 1) === 0 ? bytes : bytes.subarray(0, -1)
  const text = decoder.decode(whole)
  // The decoder is twice as fast as any loop, but has U+FFFD for a lone surrogate.
  return text.includes('\ufffd') ? decodeUnits(whole) : text
}

function decodeUnits(bytes: Uint8Array): string {
  let out = ''
  for (let at = 0; at < bytes.length; at += CHUNK) {
    const units = new Array<number>(Math.min(CHUNK, bytes.length - at) >> 1)
    for (let i = 0; i < units.length; i++) units[i] = bytes[at + 2 * i]! | (bytes[at + 2 * i + 1]! << 8)
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
  for (let at = 0; at < bytes.length; at += CHUNK) {
    const units = new Array<number>(Math.min(CHUNK, bytes.length - at))
    for (let i = 0; i < units.length; i++) units[i] = bytes[at + i]!
    out += String.fromCharCode(...units)
  }
  return out
}

/** Whether each unit of the name is below U+0100, so that it is stored with one byte a unit. */
export function isCompressible(name: string): boolean {
  for (let i = 0; i < name.length; i++) if (name.charCodeAt(i) > 0xff) return false
  return true
}

/** Length of the name as a hive stores it, in bytes. */
export const nameSize = (name: string): number => (isCompressible(name) ? name.length : 2 * name.length)

/** Writes the name as a hive stores it: compressed where it can be, else UTF-16LE. */
export function writeName(name: string, out: Uint8Array, at: number): void {
  const step = isCompressible(name) ? 1 : 2
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i)
    out[at + step * i] = unit
    if (step === 2) out[at + 2 * i + 1] = unit >> 8
  }
}
