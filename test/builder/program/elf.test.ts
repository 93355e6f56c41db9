// The ELF reader: what it reads, the limits on both sides, and hostile bytes.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readElf } from '../../../src/builder/program/elf.js'
import { withHostFile } from '../../../src/builder/program/host-file.js'
import { FormatError } from '../../../src/core/index.js'
import { I386, makeElf } from './make-elf.js'
import { temporaryDirectory } from './make-tree.js'

const full = {
  interpreter: '/lib/ld.so',
  needed: ['liba.so', 'libb.so'],
  soname: 'libme.so',
  rpath: '/r',
  runpath: '$ORIGIN:/s',
  flags1: 0x800,
}

async function read(bytes: Uint8Array, directory = temporaryDirectory()) {
  const path = join(directory, 'elf')
  writeFileSync(path, bytes)
  return withHostFile(path, readElf)
}

describe('what is read', () => {
  it.each([
    [{ class: 64, bigEndian: false, machine: 62 }],
    [{ class: 64, bigEndian: true, machine: 22 }],
    [{ class: 32, bigEndian: false, machine: I386 }],
    [{ class: 32, bigEndian: true, machine: 8 }],
  ] as const)('is the same in every class and byte order: %j', async (encoding) => {
    const { interpreter, needed, soname, rpath, runpath } = full
    expect(await read(makeElf({ ...encoding, ...full }))).toEqual({
      class: encoding.class,
      littleEndian: !encoding.bigEndian,
      machine: encoding.machine,
      interpreter,
      needed,
      soname,
      rpath,
      runpath,
      skipsDefaultDirectories: true,
    })
  })

  it('is nothing but class and machine for a static program', async () => {
    expect(await read(makeElf())).toMatchObject({
      interpreter: undefined,
      needed: [],
      soname: undefined,
      rpath: undefined,
      skipsDefaultDirectories: false,
    })
  })

  it.each<[number, boolean]>([
    [4095, true],
    [4096, false],
  ])('has names of up to 4095 bytes (%i)', async (length, fine) => {
    const result = read(makeElf({ needed: ['x'.repeat(length)] }))
    if (fine) expect((await result).needed[0]).toHaveLength(length)
    else await expect(result).rejects.toThrow(FormatError)
  })

  it.each<[number, boolean]>([
    [65535, true],
    [65536, false],
  ])('has search paths of up to 65535 bytes (%i)', async (length, fine) => {
    const result = read(makeElf({ runpath: 'x'.repeat(length) }))
    if (fine) expect((await result).runpath).toHaveLength(length)
    else await expect(result).rejects.toThrow(FormatError)
  })

  it.each<[number, boolean]>([
    [4093, true],
    [4094, false],
  ])('has a dynamic section of up to 64 KiB (%i names and three more tags)', async (count, fine) => {
    const result = read(makeElf({ needed: Array.from({ length: count }, (_, i) => `${i}`) }))
    if (fine) expect((await result).needed).toHaveLength(count)
    else await expect(result).rejects.toThrow(/dynamic section/)
  })

  it.each<[number, boolean]>([
    [4095, true],
    [4096, false],
  ])('has an interpreter of up to 4096 bytes with its NUL (%i without)', async (length, fine) => {
    const result = read(makeElf({ interpreter: 'x'.repeat(length) }))
    if (fine) expect((await result).interpreter).toHaveLength(length)
    else await expect(result).rejects.toThrow(/interpreter/)
  })
})

describe('hostile bytes', () => {
  const patched = (at: number, ...bytes: number[]) => {
    const elf = makeElf(full)
    elf.set(bytes, at)
    return elf
  }

  it.each<[Uint8Array, string]>([
    [new Uint8Array(0), 'nothing'],
    [Buffer.from('\x7fELF', 'latin1'), 'a magic and no more'],
    [makeElf(full).subarray(0, 63), 'half a header'],
    [makeElf(full).subarray(0, 130), 'half a program header'],
    [patched(4, 3), 'class 3'],
    [patched(5, 0), 'no byte order'],
    [patched(16, 1), 'a relocatable object'],
    [patched(16, 4), 'a core dump'],
    [patched(32, 255, 255, 255, 255, 255, 255, 255, 255), 'program headers at the end of the address space'],
    [patched(54, 55), 'program headers of a wrong size'],
    [patched(56, 0, 0), 'no program header'],
    [patched(56, 255, 255), '65535 program headers'],
    [patched(64 + 56 + 32, 0), 'an empty interpreter'],
    [patched(64 + 56 + 8, 0, 0, 1), 'an interpreter past the end'],
    [patched(64 + 56 + 32, 10), 'an interpreter without NUL'],
    [patched(64 + 112 + 8, 0, 0, 1), 'a dynamic section past the end'],
    [patched(64 + 16, 0, 0, 0), 'a string table that is not loaded'],
  ])('are a FormatError: %#', async (bytes) => {
    await expect(read(bytes)).rejects.toThrow(FormatError)
  })

  it('never do anything but that, wherever they are changed or cut', async () => {
    const directory = temporaryDirectory()
    const elf = makeElf(full)
    const change = fc.tuple(fc.nat(elf.length - 1), fc.constantFrom(0, 1, 2, 0x7f, 0x80, 0xff))
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 6 }), fc.nat(elf.length), async (changes, length) => {
        const bytes = Uint8Array.from(elf)
        for (const [at, value] of changes) bytes[at] = value
        const result = await read(bytes.subarray(0, length < 64 ? length : bytes.length - (length % 64)), directory).catch(
          (error: unknown) => error,
        )
        if (result instanceof Error) expect(result).toBeInstanceOf(FormatError)
      }),
      { numRuns: 400 },
    )
  })
})
