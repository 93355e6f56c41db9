// The head of an ELF file: what machine it is for and which parts of it are loaded. Source: elf(5), "ELF header", "Program header".
import { FormatError } from '../../core/index.js'
import { type ElfEncoding, ElfRecord } from './elf-record.js'
import type { HostFile } from './host-file.js'

/** A program header: a piece of the file and where it is loaded. */
export interface Segment {
  /** PT_LOAD, PT_DYNAMIC, PT_INTERP … */
  readonly type: number
  readonly offset: number
  readonly address: number
  /** Bytes of it in the file. */
  readonly size: number
}

/** What the kernel and the loader ask of a file before they look further. */
export interface ElfHeader extends ElfEncoding {
  /** EM_X86_64, EM_AARCH64 … */
  readonly machine: number
  readonly segments: readonly Segment[]
}

export const PT_LOAD = 1
export const PT_DYNAMIC = 2
export const PT_INTERP = 3

const ET_EXEC = 2
const ET_DYN = 3
const IDENT_SIZE = 16
const EI_CLASS = 4
const EI_DATA = 5
const E_TYPE = 16
const E_MACHINE = 18
/** As in the kernel: more program headers than fit here are refused. */
const HEADERS_MAX_BYTES = 65536

/** Where the fields of a class lie: 32-bit and 64-bit files order them differently. */
const LAYOUT = {
  32: { size: 52, phoff: 28, phentsize: 42, phnum: 44, entry: { size: 32, offset: 4, address: 8, filesz: 16 } },
  64: { size: 64, phoff: 32, phentsize: 54, phnum: 56, entry: { size: 56, offset: 8, address: 16, filesz: 32 } },
} as const

/** Whether a file that begins like this is meant to be ELF. */
export const hasElfMagic = (head: Uint8Array): boolean => head[0] === 0x7f && head[1] === 0x45 && head[2] === 0x4c && head[3] === 0x46

/** Reads the header and the program headers. @throws FormatError for anything but an executable or a shared object */
export async function readElfHeader(file: HostFile): Promise<ElfHeader> {
  const wrong = (what: string, offset: number) => new FormatError(`${file.path}: ${what}`, { offset })
  const ident = await file.upTo(0, IDENT_SIZE)
  if (!hasElfMagic(ident)) throw wrong('not an ELF file', 0)
  if (ident[EI_CLASS] !== 1 && ident[EI_CLASS] !== 2) throw wrong('neither a 32-bit nor a 64-bit ELF file', EI_CLASS)
  if (ident[EI_DATA] !== 1 && ident[EI_DATA] !== 2) throw wrong('an ELF file of unknown byte order', EI_DATA)
  const encoding: ElfEncoding = { class: ident[EI_CLASS] === 1 ? 32 : 64, littleEndian: ident[EI_DATA] === 1 }
  const layout = LAYOUT[encoding.class]

  const header = new ElfRecord(await file.bytes(0, layout.size), encoding, 0)
  const type = header.u16(E_TYPE)
  if (type !== ET_EXEC && type !== ET_DYN) throw wrong('an ELF file, but neither an executable nor a shared object', E_TYPE)
  const count = header.u16(layout.phnum)
  const { entry } = layout
  if (header.u16(layout.phentsize) !== entry.size) throw wrong('program headers of a wrong size', layout.phentsize)
  if (count === 0 || count * entry.size > HEADERS_MAX_BYTES) throw wrong(`${count} program headers`, layout.phnum)

  const start = header.word(layout.phoff)
  const headers = new ElfRecord(await file.bytes(start, count * entry.size), encoding, start)
  const segments = Array.from({ length: count }, (_, index) => {
    const at = index * entry.size
    return {
      type: headers.u32(at),
      offset: headers.word(at + entry.offset),
      address: headers.word(at + entry.address),
      size: headers.word(at + entry.filesz),
    }
  })
  return { ...encoding, machine: header.u16(E_MACHINE), segments }
}
