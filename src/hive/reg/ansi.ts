// Windows-1252, by a table: the TextDecoder of Node 20 takes it for ISO-8859-1 (WHATWG Encoding, "index-windows-1252").

const FROM_80 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ'

/** One byte a letter to a string. */
export function decodeAnsi(bytes: Uint8Array): string {
  let out = ''
  for (const byte of bytes) out += byte >= 0x80 && byte < 0xa0 ? FROM_80[byte - 0x80] : String.fromCharCode(byte)
  return out
}
