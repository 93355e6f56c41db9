// Bytes and text. Path names are bytes on Linux: those that are not UTF-8 map losslessly to U+DC80–U+DCFF (as Python's surrogateescape does).

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()
const FIRST_SURROGATE = 0xd800

/** UTF-8 to a string; each byte that is not part of valid UTF-8 becomes U+DC00 + byte. */
export function decodePath(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes)
  } catch {
    return decodeLossless(bytes)
  }
}

function decodeLossless(bytes: Uint8Array): string {
  let out = ''
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at)
    out += length === 0 ? String.fromCharCode(0xdc00 + bytes[at]!) : strict.decode(bytes.subarray(at, at + length))
    at += length || 1
  }
  return out
}

/** Length of the valid UTF-8 sequence at `at`, 0 where there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!
  const length = lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0
  if (length === 0 || at + length > bytes.length) return 0
  try {
    strict.decode(bytes.subarray(at, at + length))
    return length
  } catch {
    return 0
  }
}

/** The inverse of decodePath: U+DC80–U+DCFF that are no half of a pair become single bytes. */
export function encodePath(text: string): Uint8Array {
  if (!/[\udc80-\udcff]/.test(text)) return encoder.encode(text)
  const out: number[] = []
  for (const char of text) {
    const unit = char.charCodeAt(0)
    if (char.length === 1 && unit >= 0xdc80 && unit <= 0xdcff) out.push(unit - 0xdc00)
    else out.push(...encoder.encode(char))
  }
  return Uint8Array.from(out)
}

/** Order of two paths by their bytes, as `LC_ALL=C sort` and Go's sort.Strings have it. JavaScript's own order differs past U+FFFF. */
export function comparePaths(a: string, b: string): number {
  if (a === b) return 0
  const end = Math.min(a.length, b.length)
  let at = 0
  while (at < end && a.charCodeAt(at) === b.charCodeAt(at)) at++
  if (at === end && a.length !== b.length && (a.charCodeAt(at) || b.charCodeAt(at)) < FIRST_SURROGATE) return a.length - b.length
  const difference = a.charCodeAt(at) - b.charCodeAt(at)
  // Below the surrogates, UTF-16 and UTF-8 agree on the order.
  if (a.charCodeAt(at) < FIRST_SURROGATE && b.charCodeAt(at) < FIRST_SURROGATE) return difference
  return compareBytes(encodePath(a), encodePath(b))
}

function compareBytes(x: Uint8Array, y: Uint8Array): number {
  const end = Math.min(x.length, y.length)
  for (let i = 0; i < end; i++) if (x[i] !== y[i]) return x[i]! - y[i]!
  return x.length - y.length
}

/** One array of all chunks. */
export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    out.set(chunk, at)
    at += chunk.length
  }
  return out
}

/** All bytes of a stream, which must not exceed `maxBytes`. @throws RangeError past it */
export async function collect(source: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of source) {
    size += chunk.length
    if (size > maxBytes) throw new RangeError(`more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return chunks.length === 1 ? chunks[0]! : concat(chunks)
}

/** UTF-8 text as bytes. */
export const utf8 = (text: string): Uint8Array => encoder.encode(text)
