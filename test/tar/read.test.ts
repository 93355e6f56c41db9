// What the reader takes for a tar, and what it refuses.
import { describe, expect, it } from 'vitest'
import { FormatError } from '../../src/core/index.js'
import { readTar, type TarEntry } from '../../src/tar/index.js'
import { memoryAccess } from '../image/support/corpus.js'
import { bytesOf, streamOf } from '../image/support/make.js'
import { type Blocks, end, join, member, padded, pax, raw, rawPax } from './support/raw.js'

async function list(tar: Uint8Array): Promise<(Omit<TarEntry, 'content'> & { readonly text: string })[]> {
  const found = []
  for await (const { content, ...entry } of readTar(streamOf(tar))) {
    found.push({ ...entry, text: new TextDecoder().decode(await bytesOf(content())) })
  }
  return found
}
const only = async (...blocks: Blocks) => (await list(join(...blocks, end)))[0]!
const refused = async (...blocks: Blocks) => expect(list(join(...blocks))).rejects.toThrow(FormatError)

const base256 = (value: bigint, length: number) =>
  Uint8Array.from({ length }, (_, index) => Number(BigInt.asUintN(8, value >> BigInt(8 * (length - 1 - index)))) | (index === 0 ? 0x80 : 0))

describe('readTar', () => {
  it('gives names, contents and offsets in order', async () => {
    const found = await list(join(member('a', 'hello'), member('b'), end))
    expect(found.map(({ name, text, headerOffset, dataOffset, storedSize }) => [name, text, headerOffset, dataOffset, storedSize])).toEqual(
      [
        ['a', 'hello', 0, 512, 5],
        ['b', '', 1024, 1536, 0],
      ],
    )
  })

  it('gives the same whether the stream comes whole, in single bytes or from random access', async () => {
    const tar = join(pax({ path: 'x'.repeat(200) }), member('a', 'hello'), member('b', 'w'.repeat(1500)), end)
    const names = async (input: Parameters<typeof readTar>[0]) => {
      const out = []
      for await (const entry of readTar(input)) out.push([entry.name, entry.dataOffset, (await bytesOf(entry.content())).length])
      return out
    }
    const whole = await names(streamOf(tar))
    expect(await names(streamOf(...Array.from(tar, (byte) => Uint8Array.of(byte))))).toEqual(whole)
    expect(await names(memoryAccess(tar))).toEqual(whole)
  })

  it('passes over content that is not read, or half read', async () => {
    const names = []
    for await (const entry of readTar(streamOf(join(member('a', 'x'.repeat(600)), member('b', 'y'), end)))) {
      names.push(entry.name)
      if (entry.name === 'a') for await (const _ of entry.content()) break
    }
    expect(names).toEqual(['a', 'b'])
  })

  it('refuses to give content twice or after the next member', async () => {
    const entries = []
    for await (const entry of readTar(streamOf(join(member('a', 'x'), member('b', 'y'), end)))) {
      entries.push(entry)
      await bytesOf(entry.content())
      await expect(bytesOf(entry.content())).rejects.toThrow(TypeError)
    }
    await expect(bytesOf(entries[0]!.content())).rejects.toThrow(TypeError)
  })

  it('reads the source to its end, so that checks behind it take place', async () => {
    let isAtEnd = false
    async function* source() {
      yield join(member('a'), end)
      yield new Uint8Array(2048)
      isAtEnd = true
    }
    for await (const _ of readTar(source()));
    expect(isAtEnd).toBe(true)
  })

  it('lets go of the source when it is left early', async () => {
    let isClosed = false
    async function* source() {
      try {
        yield join(member('a'), member('b'), end)
      } finally {
        isClosed = true
      }
    }
    for await (const _ of readTar(source())) break
    expect(isClosed).toBe(true)
  })
})

describe('the end of an archive', () => {
  it.each([
    ['two zero blocks', join(member('a'), end), 1],
    ['none', join(member('a')), 1],
    ['one zero block', join(member('a'), new Uint8Array(512)), 1],
    ['nothing at all', new Uint8Array(0), 0],
    ['members after the end blocks: ignored', join(member('a'), end, member('b')), 1],
    ['the last padding missing', join(member('a', 'hello')).subarray(0, 512 + 5), 1],
  ])('may be %s', async (_, tar, count) => expect((await list(tar)).length).toBe(count))

  it.each([
    ['in a header', join(member('a'), new Uint8Array(511).fill(1))],
    ['in content', join(member('a', 'hello')).subarray(0, 512 + 4)],
    ['in a PAX header', join(pax({ path: 'x' })).subarray(0, 515)],
    ['after a PAX header', join(pax({ path: 'x' }))],
    ['between a PAX header and its member', join(pax({ path: 'x' }), end)],
    ['after a long name', join(raw({ typeflag: 'L', size: 4 }), padded('abc\0'))],
    ['with a lone zero block before more', join(member('a'), new Uint8Array(512), member('b'))],
  ])('is refused %s', async (_, tar) => refused(tar))
})

describe('header fields', () => {
  it.each([
    ['octal, NUL', '0000644\0', 0o644],
    ['octal, space', '000644 \0', 0o644],
    ['leading spaces', '   644 \0', 0o644],
    ['all digits', '00000644', 0o644],
    ['empty', '', 0],
    ['bits above the permissions are dropped', '0100644', 0o644],
    ['setuid and sticky stay', '0005755', 0o5755],
  ])('mode: %s', async (_, mode, value) => expect((await only(raw({ mode }))).mode).toBe(value))

  it.each([
    ['a letter', 'x'],
    ['the digit 8', '0000008'],
    ['digits after the end', '644\x00644'],
    ['a sign', '-000644'],
  ])('refuses a mode with %s', async (_, mode) => refused(raw({ mode }), end))

  it.each([
    [base256(2n ** 21n, 8), 2 ** 21],
    [base256(4_294_967_295n, 8), 2 ** 32 - 1],
  ])('reads a base-256 id', async (uid, value) => expect((await only(raw({ uid }))).uid).toBe(value))

  it('reads base-256 times before 1970', async () => {
    const mtime = Uint8Array.from({ length: 12 }, (_, index) => (index === 11 ? 0xfe : 0xff))
    expect((await only(raw({ mtime }))).mtimeNs).toBe(-2_000_000_000n)
  })

  it('refuses negative ids and sizes, and sizes past 2^53', async () => {
    const minusOne = (length: number) => new Uint8Array(length).fill(0xff)
    await refused(raw({ uid: minusOne(8) }), end)
    await refused(raw({ size: minusOne(12) }), end)
    await refused(raw({ size: base256(2n ** 53n, 12) }), end)
  })

  it('takes a signed checksum, and no other', async () => {
    const name = Uint8Array.of(0xc3, 0xa9)
    const signed = raw({ name }).reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte > 127 ? byte - 256 : byte), 0)
    expect((await only(raw({ name, checksum: `${signed.toString(8).padStart(6, '0')}\0 ` }))).name).toBe('é')
    await refused(raw({ checksum: '000001\0 ' }), end)
    await refused(padded('this is a text, not an archive'))
  })

  it('joins the ustar prefix, and has none in GNU headers', async () => {
    expect((await only(raw({ name: 'b', prefix: 'dir/a' }))).name).toBe('dir/a/b')
    expect((await only(raw({ name: 'b', prefix: '1234', magic: 'ustar  \0' }))).name).toBe('b')
  })

  it('takes an old directory by its slash, a new one by its type', async () => {
    expect((await only(raw({ name: 'd/', typeflag: '\0', magic: '' }))).type).toBe('directory')
    expect((await only(raw({ name: 'd/', typeflag: '0' }))).type).toBe('file')
    expect((await only(raw({ name: 'd', typeflag: '5' }))).type).toBe('directory')
  })

  it('keeps bytes that are not UTF-8', async () => {
    expect((await only(raw({ name: Uint8Array.of(0xff, 0x41) }))).name).toBe('\udcffA')
  })

  it('passes by no content for links and directories, whatever size they claim', async () => {
    const found = await list(join(raw({ typeflag: '2', linkname: 't', size: 9 }), member('next'), end))
    expect(found.map(({ name, size, linkName }) => [name, size, linkName])).toEqual([
      ['f', 0, 't'],
      ['next', 0, ''],
    ])
  })

  it.each(['Z', 'V', 'M', 'N', 'D'])('refuses the type %s', async (typeflag) => refused(raw({ typeflag }), end))
  it('refuses an empty name', async () => refused(raw({ name: '' }), end))
})

describe('PAX and GNU extensions', () => {
  it('override the header', async () => {
    const records = { path: 'päth', uid: '4294967294', gid: '70001', mtime: '1650000000.123456789', 'SCHILY.xattr.user.a': 'v=\n' }
    const entry = await only(pax({ ...records, path: 'path' }), raw({ name: 'short', size: 0 }))
    expect([entry.name, entry.uid, entry.gid, entry.mtimeNs]).toEqual(['path', 4294967294, 70001, 1_650_000_000_123_456_789n])
    expect(new TextDecoder().decode(entry.xattrs['user.a'])).toBe('v=\n')
  })

  it.each([
    ['1', 1_000_000_000n],
    ['-86400', -86_400_000_000_000n],
    ['-0.5', -500_000_000n],
    ['1.5', 1_500_000_000n],
    ['1.', 1_000_000_000n],
    ['1.0000000019', 1_000_000_001n],
    ['10413792000', 10_413_792_000_000_000_000n],
  ])('mtime %s', async (mtime, ns) => expect((await only(pax({ mtime }), raw({}))).mtimeNs).toBe(ns))

  it.each([
    { size: '99999999999999999999' },
    { size: '1e3' },
    { size: '0x10' },
    { size: '' },
    { size: '-1' },
    { uid: '1.5' },
    { mtime: 'now' },
    { mtime: '1,5' },
    { mtime: '9'.repeat(19) },
    { path: 'a\0b' },
    { 'SCHILY.xattr.': 'x' },
  ])('refuses %j', async (records) => refused(pax(records), raw({}), end))

  it.each([
    ['without newline', '8 a=bcde'],
    ['with length 0', '0 a=b\n'],
    ['too long', '99 a=b\n'],
    ['without =', '6 abc\n'],
    ['without key', '5 =b\n'],
    ['without length', ' a=b\n'],
    ['with NUL in its key', '8 a\0=b2\n'],
    ['followed by rubbish', '6 a=b\nxx'],
  ])('refuses a record %s', async (_, text) => refused(rawPax(text), raw({}), end))

  it('leaves the header its own value where a record is empty, and passes over unknown keys', async () => {
    expect((await only(pax({ path: '', 'VENDOR.key': 'x' }), raw({ name: 'own' }))).name).toBe('own')
  })

  it('are refused past 1 MiB, before anything is read', async () => {
    await refused(raw({ typeflag: 'x', size: 2 ** 20 + 1 }), end)
    await refused(raw({ typeflag: 'L', size: 2 ** 30 }), end)
  })

  it('never applies global records', async () => {
    const found = await list(join(pax({ path: '../../evil', size: '7' }, 'g'), member('a', 'x'), member('b'), end))
    expect(found.map(({ name }) => name)).toEqual(['a', 'b'])
  })

  it('reads GNU long names and links', async () => {
    const entry = await only(
      raw({ typeflag: 'L', size: 201 }),
      padded(`${'n'.repeat(200)}\0`),
      raw({ typeflag: 'K', size: 301 }),
      padded(`${'t'.repeat(300)}\0`),
      raw({ typeflag: '2', magic: 'ustar  \0' }),
    )
    expect([entry.name, entry.linkName]).toEqual(['n'.repeat(200), 't'.repeat(300)])
  })
})

describe('sparse files', () => {
  const octal = (value: number) => `${value.toString(8).padStart(11, '0')}\0`
  const old = (map: readonly number[], size: number, stored: string) =>
    join(
      raw({
        typeflag: 'S',
        magic: 'ustar  \0',
        size: stored.length,
        patch: [
          [386, map.map(octal).join('')],
          [483, octal(size)],
        ],
      }),
      padded(stored),
    )
  const expanded = (entry: { readonly text: string }) => entry.text.replaceAll('\0', '.')

  it('are read in the old GNU form', async () => {
    const entry = await only(old([2, 3, 8, 1], 10, 'abcd'))
    expect([expanded(entry), entry.size, entry.storedSize]).toEqual(['..abc...d.', 10, 4])
    expect(entry.sparse).toEqual([
      { offset: 2, length: 3 },
      { offset: 8, length: 1 },
    ])
  })

  it('are read in PAX versions 0.0 and 0.1', async () => {
    const map = { 'GNU.sparse.size': '10', 'GNU.sparse.numblocks': '1', 'GNU.sparse.offset': '4', 'GNU.sparse.numbytes': '2' }
    const zero = await only(pax(map), ...member('f', 'xy'))
    expect(expanded(zero)).toBe('....xy....')
    const one = await only(pax({ 'GNU.sparse.map': '1,1,5,1', 'GNU.sparse.size': '6', 'GNU.sparse.name': 'real' }), ...member('f', 'xy'))
    expect([expanded(one), one.name]).toEqual(['.x...y', 'real'])
  })

  it('are read in PAX version 1.0, where the map is before the content', async () => {
    const records = { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.name': 'real', 'GNU.sparse.realsize': '8' }
    const map = padded('2\n0\n1\n6\n2\n')
    const found = await list(join(pax(records), raw({ size: 512 + 3 }), map, padded('abc'), member('next'), end))
    expect([found[0]!.name, expanded(found[0]!), found[0]!.storedSize]).toEqual(['real', 'a.....bc', 3])
    expect(found[1]!.name).toBe('next')
  })

  it.each([
    ['overlapping', [0, 3, 2, 1], 10, 'abcd'],
    ['descending', [5, 1, 0, 1], 10, 'ab'],
    ['past the end', [8, 3], 10, 'abc'],
    ['of another length than is stored', [0, 3], 10, 'ab'],
  ])('are refused with parts %s', async (_, map, size, stored) => refused(old(map, size, stored), end))

  it('are refused with a map that is no numbers or of odd length', async () => {
    await refused(pax({ 'GNU.sparse.map': '1,x', 'GNU.sparse.size': '6' }), ...member('f', ''), end)
    await refused(pax({ 'GNU.sparse.map': '1', 'GNU.sparse.size': '6' }), ...member('f', ''), end)
    await refused(pax({ 'GNU.sparse.major': '2', 'GNU.sparse.size': '6' }), ...member('f', ''), end)
  })

  it('cost no memory for a hole of terabytes that is not read', async () => {
    for await (const entry of readTar(
      streamOf(join(pax({ 'GNU.sparse.map': '0,1', 'GNU.sparse.size': `${2 ** 50}` }), ...member('f', 'x'), end)),
    )) {
      expect(entry.size).toBe(2 ** 50)
    }
  })
})
