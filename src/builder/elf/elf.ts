// What an ELF file says of how it is loaded: interpreter, libraries, search paths. Source: elf(5), System V gABI chapter 5.
import { open } from 'node:fs/promises'
import { FormatError } from '../../core/index.js'

/** Word size and processor: libraries must have the same. */
export interface ElfKind {
  readonly bits: 32 | 64
  readonly machine: number
}

/** What is read of an ELF file. */
export interface ElfFile extends ElfKind {
  /** PT_INTERP; undefined for static programs and most libraries. */
  readonly interpreter: string | undefined
  readonly needed: readonly string[]
  readonly soname: string | undefined
  /** DT_RPATH, colon separated parts. */
  readonly rpath: readonly string[]
  /** DT_RUNPATH. */
  readonly runpath: readonly string[]
}

const PT_LOAD = 1
const PT_DYNAMIC = 2
const PT_INTERP = 3
const DT = { needed: 1, strtab: 5, soname: 14, rpath: 15, runpath: 29 } as const
const HEADERS_MAX = 1024
const DYNAMIC_MAX_BYTES = 1024 * 1024
const TEXT_MAX_BYTES = 4096

type ReadAt = (offset: number, length: number) => Promise<Buffer>

/** Reads the file at `path`; undefined for what is no ELF file. @throws FormatError for an ELF file that is broken or big-endian */
export async function readElf(path: string): Promise<ElfFile | undefined> {
  const file = await open(path)
  try {
    return await parse(path, async (offset, length) => {
      const bytes = Buffer.alloc(length)
      const { bytesRead } = await file.read(bytes, 0, length, offset)
      return bytes.subarray(0, bytesRead)
    })
  } finally {
    await file.close()
  }
}

async function parse(path: string, readAt: ReadAt): Promise<ElfFile | undefined> {
  const header = await readAt(0, 64)
  if (header.length < 52 || header.readUInt32BE(0) !== 0x7f454c46) return undefined
  const bits = header[4] === 2 ? 64 : header[4] === 1 ? 32 : fail(path, 'an unknown word size')
  if (header[5] !== 1) fail(path, 'a byte order that is not this machine’s')
  if (bits === 64 && header.length < 64) fail(path, 'a header that is cut off')
  const machine = header.readUInt16LE(18)
  const segments = await programHeaders(path, header, bits, readAt)
  const interp = segments.find((segment) => segment.type === PT_INTERP)
  const interpreter = interp === undefined ? undefined : text(await readAt(interp.offset, Math.min(interp.fileSize, TEXT_MAX_BYTES)), 0)
  const found = {
    bits,
    machine,
    interpreter,
    needed: [] as string[],
    soname: undefined as string | undefined,
    rpath: [] as string[],
    runpath: [] as string[],
  }
  const dynamic = segments.find((segment) => segment.type === PT_DYNAMIC)
  if (dynamic === undefined) return found as ElfFile
  if (dynamic.fileSize > DYNAMIC_MAX_BYTES) fail(path, 'a dynamic section of more than 1 MiB')
  const entries = dynamicEntries(await readAt(dynamic.offset, dynamic.fileSize), bits)
  const table = entries.find(([tag]) => tag === DT.strtab)?.[1]
  if (table === undefined) return found as ElfFile
  const load = segments.find(
    (segment) => segment.type === PT_LOAD && table >= segment.address && table < segment.address + segment.fileSize,
  )
  if (load === undefined) return fail(path, 'a string table outside of the file')
  const start = table - load.address + load.offset
  for (const [tag, value] of entries) {
    const read = async () => text(await readAt(start + value, TEXT_MAX_BYTES), 0)
    if (tag === DT.needed) found.needed.push(await read())
    else if (tag === DT.soname) found.soname = await read()
    else if (tag === DT.rpath) found.rpath.push(...(await read()).split(':'))
    else if (tag === DT.runpath) found.runpath.push(...(await read()).split(':'))
  }
  return found as ElfFile
}

interface Segment {
  readonly type: number
  readonly offset: number
  readonly address: number
  readonly fileSize: number
}

async function programHeaders(path: string, header: Buffer, bits: 32 | 64, readAt: ReadAt): Promise<readonly Segment[]> {
  const start = bits === 64 ? Number(header.readBigUInt64LE(32)) : header.readUInt32LE(28)
  const size = header.readUInt16LE(bits === 64 ? 54 : 42)
  const count = header.readUInt16LE(bits === 64 ? 56 : 44)
  if (count > HEADERS_MAX || size < (bits === 64 ? 56 : 32)) fail(path, 'impossible program headers')
  const table = await readAt(start, size * count)
  if (table.length < size * count) fail(path, 'program headers outside of the file')
  return Array.from({ length: count }, (_, index) => {
    const at = table.subarray(index * size)
    return bits === 64
      ? {
          type: at.readUInt32LE(0),
          offset: Number(at.readBigUInt64LE(8)),
          address: Number(at.readBigUInt64LE(16)),
          fileSize: Number(at.readBigUInt64LE(32)),
        }
      : { type: at.readUInt32LE(0), offset: at.readUInt32LE(4), address: at.readUInt32LE(8), fileSize: at.readUInt32LE(16) }
  })
}

function dynamicEntries(bytes: Buffer, bits: 32 | 64): readonly (readonly [tag: number, value: number])[] {
  const entries: [number, number][] = []
  const size = bits === 64 ? 16 : 8
  for (let at = 0; at + size <= bytes.length; at += size) {
    const tag = bits === 64 ? Number(bytes.readBigInt64LE(at)) : bytes.readInt32LE(at)
    if (tag === 0) break
    entries.push([tag, bits === 64 ? Number(bytes.readBigUInt64LE(at + 8)) : bytes.readUInt32LE(at + 4)])
  }
  return entries
}

function text(bytes: Buffer, at: number): string {
  const end = bytes.indexOf(0, at)
  return bytes.subarray(at, end < 0 ? bytes.length : end).toString()
}

function fail(path: string, what: string): never {
  throw new FormatError(`${path}: an ELF file with ${what}`)
}
