// Tar blocks made by hand, independent of the writer under test.

/** Fields of a header; text is stored as it is, numbers in octal. */
export interface RawHeader {
  readonly name?: string | Uint8Array
  readonly mode?: string
  readonly uid?: string | Uint8Array
  readonly size?: number | string | Uint8Array
  readonly mtime?: string | Uint8Array
  readonly typeflag?: string
  readonly linkname?: string
  readonly magic?: string
  readonly prefix?: string
  readonly devmajor?: string
  readonly devminor?: string
  /** Bytes at any offset, before the checksum. */
  readonly patch?: readonly (readonly [number, string | Uint8Array])[]
  /** Instead of the right one. */
  readonly checksum?: string
}

const latin1 = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0))
const bytes = (value: string | Uint8Array) => (typeof value === 'string' ? latin1(value) : value)

/** A header block. */
export function raw(header: RawHeader): Uint8Array {
  const block = new Uint8Array(512)
  const size = typeof header.size === 'number' ? header.size.toString(8).padStart(11, '0') : header.size
  block.set(bytes(header.name ?? 'f'), 0)
  block.set(bytes(header.mode ?? '0000644'), 100)
  block.set(bytes(header.uid ?? '0000000'), 108)
  block.set(bytes('0000000'), 116)
  block.set(bytes(size ?? '00000000000'), 124)
  block.set(bytes(header.mtime ?? '00000000001'), 136)
  block.set(bytes(header.typeflag ?? '0'), 156)
  block.set(bytes(header.linkname ?? ''), 157)
  block.set(bytes(header.magic ?? 'ustar\x0000'), 257)
  block.set(bytes(header.devmajor ?? ''), 329)
  block.set(bytes(header.devminor ?? ''), 337)
  block.set(bytes(header.prefix ?? ''), 345)
  for (const [offset, patch] of header.patch ?? []) block.set(bytes(patch), offset)
  block.fill(0x20, 148, 156)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.set(bytes(header.checksum ?? `${sum.toString(8).padStart(6, '0')}\0 `), 148)
  return block
}

/** Content, padded to whole blocks. */
export function padded(content: string | Uint8Array): Uint8Array {
  const data = bytes(content)
  const out = new Uint8Array(Math.ceil(data.length / 512) * 512)
  out.set(data)
  return out
}

/** A file with its content. */
export const member = (name: string, content = ''): Uint8Array[] => [raw({ name, size: content.length }), padded(content)]

/** A PAX header of these records, written as `LENGTH KEY=VALUE\n`. */
export function pax(records: Readonly<Record<string, string>>, typeflag = 'x'): Uint8Array[] {
  const text = Object.entries(records)
    .map(([key, value]) => record(key, value))
    .join('')
  return rawPax(text, typeflag)
}

/** A PAX header with exactly this text. */
export const rawPax = (text: string, typeflag = 'x'): Uint8Array[] => [
  raw({ name: 'PaxHeaders/x', typeflag, size: text.length }),
  padded(text),
]

function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`
  let length = rest.length + 1
  while (`${length}${rest}`.length !== length) length++
  return `${length}${rest}`
}

/** The two blocks at the end. */
export const end = new Uint8Array(1024)

/** What an archive is put together from. */
export type Blocks = (Uint8Array | readonly Uint8Array[])[]

/** A whole archive as one array. */
export function join(...blocks: Blocks): Uint8Array {
  return Uint8Array.from(blocks.flat().flatMap((block) => [...(block as Uint8Array)]))
}
