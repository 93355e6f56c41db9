// What an ELF file asks of the dynamic loader: PT_INTERP and the dynamic section. Source: elf(5), "Dynamic tags"; ld.so(8).
import { decodePath, FormatError } from '../../core/index.js'
import { type ElfHeader, PT_DYNAMIC, PT_INTERP, PT_LOAD, readElfHeader } from './elf-header.js'
import { ElfRecord } from './elf-record.js'
import type { HostFile } from './host-file.js'

/** An executable or shared object. Lists are in the file's order. */
export interface Elf extends Pick<ElfHeader, 'class' | 'littleEndian' | 'machine'> {
  /** The dynamic loader; undefined for libraries and static programs. */
  readonly interpreter: string | undefined
  readonly needed: readonly string[]
  readonly soname: string | undefined
  /** Search paths as written, `$ORIGIN` and all. */
  readonly rpath: string | undefined
  readonly runpath: string | undefined
  /** Linked with `-z nodefaultlib`: the loader leaves the system's directories out. */
  readonly skipsDefaultDirectories: boolean
}

const DT_NULL = 0
const DT_NEEDED = 1
const DT_STRTAB = 5
const DT_STRSZ = 10
const DT_SONAME = 14
const DT_RPATH = 15
const DT_RUNPATH = 29
const DT_FLAGS_1 = 0x6ffffffb
const DF_1_NODEFLIB = 0x800

const PATH_MAX = 4096
/** Bounds for hostile files. The largest known section has some 100 entries; a search path of a Nix package reaches some KiB. */
const DYNAMIC_MAX_BYTES = 1 << 16
const SEARCH_PATH_MAX_BYTES = 1 << 16
const STRING_PIECE_BYTES = 1024

/** Reads what the loader would. Nothing of the file is executed. @throws FormatError for what is malformed, with the offset */
export async function readElf(file: HostFile): Promise<Elf> {
  const header = await readElfHeader(file)
  const dynamic = await readDynamic(file, header)
  const one = (tag: number) => dynamic.find((entry) => entry.tag === tag)?.value
  const text = async (value: number | undefined, max = PATH_MAX) =>
    value === undefined ? undefined : readString(file, header, one, value, max)
  const needed: string[] = []
  for (const entry of dynamic) if (entry.tag === DT_NEEDED) needed.push(await readString(file, header, one, entry.value, PATH_MAX))
  return {
    class: header.class,
    littleEndian: header.littleEndian,
    machine: header.machine,
    interpreter: await readInterpreter(file, header),
    needed: [...new Set(needed)],
    soname: await text(one(DT_SONAME)),
    rpath: await text(one(DT_RPATH), SEARCH_PATH_MAX_BYTES),
    runpath: await text(one(DT_RUNPATH), SEARCH_PATH_MAX_BYTES),
    skipsDefaultDirectories: ((one(DT_FLAGS_1) ?? 0) & DF_1_NODEFLIB) !== 0,
  }
}

async function readInterpreter(file: HostFile, header: ElfHeader): Promise<string | undefined> {
  const segment = header.segments.find(({ type }) => type === PT_INTERP)
  if (segment === undefined) return undefined
  // The kernel's own rule: two bytes at least, PATH_MAX at most, the last of them NUL.
  const valid = segment.size >= 2 && segment.size <= PATH_MAX
  const bytes = valid ? await file.bytes(segment.offset, segment.size) : new Uint8Array([1])
  if (bytes.at(-1) !== 0) throw new FormatError(`${file.path}: the interpreter's path is malformed`, { offset: segment.offset })
  return decodePath(bytes.subarray(0, bytes.indexOf(0)))
}

async function readDynamic(file: HostFile, header: ElfHeader): Promise<{ tag: number; value: number }[]> {
  const segment = header.segments.find(({ type }) => type === PT_DYNAMIC)
  if (segment === undefined) return []
  if (segment.size > DYNAMIC_MAX_BYTES) {
    throw new FormatError(`${file.path}: a dynamic section of more than ${DYNAMIC_MAX_BYTES} bytes`, { offset: segment.offset })
  }
  const record = new ElfRecord(await file.bytes(segment.offset, segment.size), header, segment.offset)
  const word = header.class / 8
  const entries: { tag: number; value: number }[] = []
  for (let at = 0; at + 2 * word <= segment.size; at += 2 * word) {
    const entry = { tag: record.word(at), value: record.word(at + word) }
    if (entry.tag === DT_NULL) break
    entries.push(entry)
  }
  return entries
}

/** The NUL-terminated string at `index` of the string table, whose address and size the dynamic section tells. */
async function readString(
  file: HostFile,
  header: ElfHeader,
  one: (tag: number) => number | undefined,
  index: number,
  maxBytes: number,
): Promise<string> {
  const table = fileOffset(header, one(DT_STRTAB))
  const size = one(DT_STRSZ)
  if (table === undefined || size === undefined) throw new FormatError(`${file.path}: the dynamic section has no string table`)
  const wrong = () => new FormatError(`${file.path}: a dynamic string leaves the string table or has no end`, { offset: table })
  if (index >= size) throw wrong()
  const room = Math.min(size - index, maxBytes)
  for (let length = STRING_PIECE_BYTES; ; length *= 8) {
    const bytes = await file.upTo(table + index, Math.min(length, room))
    const end = bytes.indexOf(0)
    if (end >= 0) return decodePath(bytes.subarray(0, end))
    if (bytes.length < length) throw wrong()
  }
}

/** Where in the file the byte loaded at `address` lies. */
function fileOffset(header: ElfHeader, address: number | undefined): number | undefined {
  if (address === undefined) return undefined
  const segment = header.segments.find((s) => s.type === PT_LOAD && address >= s.address && address - s.address < s.size)
  return segment === undefined ? undefined : segment.offset + (address - segment.address)
}
