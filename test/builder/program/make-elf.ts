// ELF files of a few hundred bytes, in any class and byte order, with nothing in them but what a loader reads.

/** What the file says; everything else is zero. */
export interface ElfSpec {
  readonly class?: 32 | 64
  readonly bigEndian?: boolean
  readonly machine?: number
  readonly type?: number
  readonly interpreter?: string
  readonly needed?: readonly string[]
  readonly soname?: string
  readonly rpath?: string
  readonly runpath?: string
  readonly flags1?: number
}

export const X86_64 = 62
export const I386 = 3
/** Where the one PT_LOAD segment is loaded; its offset in the file is 0. */
const BASE = 0x400000

/** The file's bytes: header, program headers, interpreter, string table, dynamic section. Dynamic unless neither a loader nor a tag is given. */
export function makeElf(spec: ElfSpec = {}): Uint8Array {
  const bits = spec.class ?? 64
  const word = bits / 8
  const [headerSize, entrySize] = bits === 64 ? [64, 56] : [52, 32]
  const strings = stringTable()
  const tags: [number, number][] = []
  for (const name of spec.needed ?? []) tags.push([1, strings.add(name)])
  if (spec.soname !== undefined) tags.push([14, strings.add(spec.soname)])
  if (spec.rpath !== undefined) tags.push([15, strings.add(spec.rpath)])
  if (spec.runpath !== undefined) tags.push([29, strings.add(spec.runpath)])
  if (spec.flags1 !== undefined) tags.push([0x6ffffffb, spec.flags1])

  const interpreter = spec.interpreter === undefined ? Buffer.alloc(0) : Buffer.from(`${spec.interpreter}\0`)
  const count = 1 + (spec.interpreter === undefined ? 0 : 1) + (tags.length > 0 ? 1 : 0)
  const interpreterAt = headerSize + count * entrySize
  const stringsAt = interpreterAt + interpreter.length
  const dynamicAt = stringsAt + strings.bytes().length
  if (tags.length > 0) tags.push([5, BASE + stringsAt], [10, strings.bytes().length], [0, 0])
  const dynamicSize = tags.length * 2 * word
  const size = dynamicAt + dynamicSize

  const out = Buffer.alloc(size)
  const u16 = (at: number, value: number) => (spec.bigEndian ? out.writeUInt16BE(value, at) : out.writeUInt16LE(value, at))
  const u32 = (at: number, value: number) => (spec.bigEndian ? out.writeUInt32BE(value, at) : out.writeUInt32LE(value, at))
  const u64 = (at: number, value: number) =>
    spec.bigEndian ? out.writeBigUInt64BE(BigInt(value), at) : out.writeBigUInt64LE(BigInt(value), at)
  const address = word === 8 ? u64 : u32

  out.set([0x7f, 0x45, 0x4c, 0x46, bits === 64 ? 2 : 1, spec.bigEndian ? 2 : 1, 1])
  u16(16, spec.type ?? 3)
  u16(18, spec.machine ?? X86_64)
  address(24 + word, headerSize)
  u16(24 + 3 * word + 6, entrySize)
  u16(24 + 3 * word + 8, count)
  let next = headerSize
  const segment = (type: number, offset: number, length: number) => {
    u32(next, type)
    address(next + (word === 8 ? 8 : 4), offset)
    address(next + (word === 8 ? 16 : 8), BASE + offset)
    address(next + (word === 8 ? 32 : 16), length)
    next += entrySize
  }
  segment(1, 0, size)
  if (spec.interpreter !== undefined) segment(3, interpreterAt, interpreter.length)
  if (tags.length > 0) segment(2, dynamicAt, dynamicSize)
  out.set(interpreter, interpreterAt)
  out.set(strings.bytes(), stringsAt)
  tags.forEach(([tag, value], index) => {
    address(dynamicAt + index * 2 * word, tag)
    address(dynamicAt + index * 2 * word + word, value)
  })
  return out
}

function stringTable() {
  let text = '\0'
  return {
    add(name: string): number {
      const at = Buffer.byteLength(text)
      text += `${name}\0`
      return at
    },
    bytes: () => Buffer.from(text),
  }
}
