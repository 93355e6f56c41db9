// What the writer writes: ustar where it can, PAX where it must; the same as others read it.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { StrataError, UnsupportedError, utf8 } from '../../src/core/index.js'
import { encodeHeader, readTar, type TarHeader, type TarMember, writeTar } from '../../src/tar/index.js'
import { bytesOf, streamOf } from '../image/support/make.js'
import { requires } from '../support/requires.js'

const PLAIN: TarHeader = {
  type: 'file',
  name: 'f',
  linkName: '',
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtimeNs: 0n,
  size: 0,
  devMajor: 0,
  devMinor: 0,
  xattrs: {},
}
const NS = 1_000_000_000n
const writeAll = (members: readonly TarMember[]) => bytesOf(writeTar(members))
/** The PAX records before a header, as text; '' where there are none. */
const paxOf = (header: Partial<TarHeader>): string => {
  const bytes = encodeHeader({ ...PLAIN, ...header })
  return bytes.length === 512 ? '' : new TextDecoder().decode(bytes.subarray(512, -512)).replace(/\0+$/, '')
}

describe('encodeHeader', () => {
  it.each([
    ['a name of 100 bytes', { name: 'n'.repeat(100) }, ''],
    ['a name of 101 bytes without a slash', { name: 'n'.repeat(101) }, `111 path=${'n'.repeat(101)}\n`],
    ['a name of 256 bytes that splits', { name: `${'d'.repeat(155)}/${'n'.repeat(100)}` }, ''],
    ['a prefix of 156 bytes', { name: `${'d'.repeat(156)}/n` }, `168 path=${'d'.repeat(156)}/n\n`],
    ['a directory name of 101 bytes', { name: `${'n'.repeat(100)}/` }, `111 path=${'n'.repeat(100)}/\n`],
    ['a name beyond ASCII', { name: 'é' }, '11 path=é\n'],
    ['a link of 100 bytes', { type: 'symlink', linkName: 'l'.repeat(100) }, ''],
    ['a link of 101 bytes', { type: 'symlink', linkName: 'l'.repeat(101) }, `115 linkpath=${'l'.repeat(101)}\n`],
    ['uid 0o7777777', { uid: 0o7777777 }, ''],
    ['uid 0o10000000', { uid: 0o10000000 }, '15 uid=2097152\n'],
    ['gid 2^32 - 2', { gid: 2 ** 32 - 2 }, '18 gid=4294967294\n'],
    ['8 GiB - 1', { size: 2 ** 33 - 1 }, ''],
    ['8 GiB', { size: 2 ** 33 }, '19 size=8589934592\n'],
    ['the last octal second', { mtimeNs: (8n ** 11n - 1n) * NS }, ''],
    ['the second after it', { mtimeNs: 8n ** 11n * NS }, '20 mtime=8589934592\n'],
    ['a nanosecond', { mtimeNs: 1n }, '21 mtime=0.000000001\n'],
    ['a nanosecond before 1970', { mtimeNs: -1n }, '22 mtime=-0.000000001\n'],
    ['a second before 1970', { mtimeNs: -NS }, '12 mtime=-1\n'],
    ['an xattr', { xattrs: { 'user.b': utf8('2'), 'user.a': utf8('1') } }, '25 SCHILY.xattr.user.a=1\n25 SCHILY.xattr.user.b=2\n'],
  ] as const)('writes %s', (_, header, records) => expect(paxOf(header)).toBe(records))

  it.each([8, 9, 98, 99, 100, 998, 999])('counts a record of %d bytes with its own digits', (length) => {
    const record = /^(\d+) /.exec(paxOf({ xattrs: { u: utf8('v'.repeat(length)) } }))!
    expect(Number(record[1])).toBe(paxOf({ xattrs: { u: utf8('v'.repeat(length)) } }).length)
  })

  it('keeps names that are not UTF-8 byte for byte', () => {
    const bytes = encodeHeader({ ...PLAIN, name: 'a\udcff' })
    expect([...bytes.subarray(512, 521)]).toEqual([...utf8('11 path=a').subarray(0, 9)])
    expect(bytes[521]).toBe(0xff)
  })

  it.each(['user.a=b', '', 'user.\0'])('refuses the extended attribute %j, which a reader would take for another', (name) => {
    expect(() => encodeHeader({ ...PLAIN, xattrs: { [name]: utf8('v') } })).toThrow(UnsupportedError)
  })

  it('takes device numbers up to seven octal digits', () => {
    expect(encodeHeader({ ...PLAIN, type: 'char', devMajor: 0o7777777 }).length).toBe(512)
    expect(() => encodeHeader({ ...PLAIN, type: 'block', devMinor: 0o10000000 })).toThrow(UnsupportedError)
  })
})

describe('writeTar', () => {
  it('ends with two zero blocks', async () => expect(await writeAll([])).toEqual(new Uint8Array(1024)))

  it.each([
    ['less', 'ab'],
    ['more', 'abcd'],
  ])('fails when content is %s than was said', async (_, text) => {
    const error = await writeAll([{ ...PLAIN, size: 3, content: () => streamOf(utf8(text)) }]).catch((failure: unknown) => failure)
    expect(error).toBeInstanceOf(StrataError)
    expect((error as StrataError).code).toBe('ERR_SIZE_CHANGED')
  })

  it('writes what the reader reads back', async () => {
    const name = fc.stringMatching(/^[a-zé\udcff/. ]{1,300}$/)
    const ns = fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n })
    const id = fc.integer({ min: 0, max: 2 ** 32 - 2 })
    const xattrs = fc.dictionary(fc.stringMatching(/^user\.[a-z]{1,40}$/), fc.uint8Array({ maxLength: 200 }), { maxKeys: 3 })
    const header = fc.record({ name, mode: fc.integer({ min: 0, max: 0o7777 }), uid: id, gid: id, mtimeNs: ns, xattrs })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(header, fc.uint8Array({ maxLength: 1200 })), { maxLength: 5 }), async (list) => {
        const members = list.map(([fields, content]) => ({ ...PLAIN, ...fields, size: content.length, content: () => streamOf(content) }))
        const read = []
        for await (const { name, mode, uid, gid, mtimeNs, xattrs, content } of readTar(writeTar(members))) {
          read.push([{ name, mode, uid, gid, mtimeNs, xattrs: { ...xattrs } }, [...(await bytesOf(content()))]])
        }
        expect(read).toEqual(list.map(([fields, content]) => [{ ...fields, xattrs: { ...fields.xattrs } }, [...content]]))
      }),
      { numRuns: 100 },
    )
  })

  it('writes what python reads the same way', async (ctx) => {
    requires(ctx, 'python3')
    const members: TarMember[] = [
      { ...PLAIN, type: 'directory', name: 'd/', mode: 0o1777 },
      { ...PLAIN, name: `d/${'é'.repeat(90)}`, uid: 3_000_000, mtimeNs: -1_500_000_000n, size: 2, content: () => streamOf(utf8('hi')) },
      { ...PLAIN, type: 'symlink', name: 's', linkName: 't'.repeat(150), mode: 0o777 },
      { ...PLAIN, type: 'hardlink', name: 'h', linkName: 'd/x' },
      { ...PLAIN, type: 'char', name: 'c', devMajor: 1, devMinor: 1_048_575 },
      { ...PLAIN, type: 'fifo', name: 'p', xattrs: { 'user.a': utf8('1') }, mtimeNs: 1_650_000_000_250_000_000n },
    ]
    const program = [
      'import sys, tarfile, json',
      'for m in tarfile.open(sys.argv[1]):',
      '  print(json.dumps([m.name, m.type.decode(), oct(m.mode), m.uid, m.size, m.mtime, m.linkname, m.devminor, m.pax_headers.get("SCHILY.xattr.user.a", "")]))',
    ].join('\n')
    const folder = mkdtempSync(join(tmpdir(), 'tar-'))
    try {
      writeFileSync(join(folder, 'x.tar'), await writeAll(members))
      const { stdout, stderr } = spawnSync('python3', ['-c', program, join(folder, 'x.tar')], { encoding: 'utf8' })
      expect(stderr).toBe('')
      const lines = stdout.trim().split('\n')
      expect(lines.map((line) => JSON.parse(line))).toEqual([
        ['d', '5', '0o1777', 0, 0, 0, '', 0, ''],
        [`d/${'é'.repeat(90)}`, '0', '0o644', 3_000_000, 2, -1.5, '', 0, ''],
        ['s', '2', '0o777', 0, 0, 0, 't'.repeat(150), 0, ''],
        ['h', '1', '0o644', 0, 0, 0, 'd/x', 0, ''],
        ['c', '3', '0o644', 0, 0, 0, '', 1_048_575, ''],
        ['p', '6', '0o644', 0, 0, 1_650_000_000.25, '', 0, '1'],
      ])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
