// Numeric strings are ids and nothing else: CVE-2024-40635, CVE-2026-46680, CVE-2026-30892.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FormatError, StrataError } from '../../../src/core/index.js'
import { resolveUser, USER_DATABASE_MAX_BYTES } from '../../../src/sandbox/linux/ids.js'

const passwd = `root:x:0:0:root:/root:/bin/sh
# a comment
1:x:0:0:not an id:/evil:/bin/sh
1000:x:0:0:nor this:/evil:/bin/sh
app:x:1000:1001:App:/home/app:/bin/sh
app:x:0:0:second:/evil:/bin/sh
broken:x:4294967295:0::/:/bin/sh
wide:x:4294967296:0::/:/bin/sh
odd:x:-1:0::/:/bin/sh
blank:x: 7:0::/:/bin/sh
short:x:7
relative:x:1002:1002::home:/bin/sh
top:x:4294967294:4294967294::/top:/bin/sh
`
const group = `root:x:0:
5:x:0:
wheel:x:10:root,app
staff:x:50:app
wide:x:4294967295:app
staff2:x:50:app
apps:x:1001:
nearly:x:60:apple,ap
`

describe('resolveUser', () => {
  it.each([
    ['root', { uid: 0, gid: 0, groups: [10], home: '/root' }],
    ['app', { uid: 1000, gid: 1001, groups: [10, 50], home: '/home/app' }],
    ['1000', { uid: 1000, gid: 1001, groups: [10, 50], home: '/home/app' }],
    ['1', { uid: 1, gid: 0, groups: [], home: '/' }],
    ['01', { uid: 1, gid: 0, groups: [], home: '/' }],
    ['1:2', { uid: 1, gid: 2, groups: [], home: '/' }],
    ['1:5', { uid: 1, gid: 5, groups: [], home: '/' }],
    ['7:staff', { uid: 7, gid: 50, groups: [], home: '/' }],
    ['app:staff', { uid: 1000, gid: 50, groups: [], home: '/home/app' }],
    ['app:0', { uid: 1000, gid: 0, groups: [], home: '/home/app' }],
    ['relative', { uid: 1002, gid: 1002, groups: [], home: '/' }],
    ['4294967294', { uid: 4294967294, gid: 4294967294, groups: [], home: '/top' }],
  ])('takes %j', (spec, user) => {
    expect(resolveUser(spec, passwd, group)).toEqual(user)
  })

  it.each([
    '',
    ' ',
    ':',
    ':5',
    '5:',
    '1 ',
    ' 1',
    '-1',
    '+1',
    '1:-1',
    '1:2:3',
    'a b',
    'a\n',
    'root\0',
    '1\n',
    '-',
    'app:',
    'ro/ot',
    '１',
    '1:１',
  ])('refuses %j', (spec) => {
    expect(() => resolveUser(spec, passwd, group)).toThrow(TypeError)
  })
  it.each(['4294967295', '4294967296', '18446744073709551616', '1:4294967295', '99999999999999999999999999'])(
    'refuses %s as out of range',
    (spec) => {
      expect(() => resolveUser(spec, passwd, group)).toThrow(RangeError)
    },
  )
  it.each([
    ['nobody', 'ERR_UNKNOWN_USER'],
    ['0x10', 'ERR_UNKNOWN_USER'],
    ['1e3', 'ERR_UNKNOWN_USER'],
    ['broken', 'ERR_UNKNOWN_USER'],
    ['wide', 'ERR_UNKNOWN_USER'],
    ['odd', 'ERR_UNKNOWN_USER'],
    ['blank', 'ERR_UNKNOWN_USER'],
    ['short', 'ERR_UNKNOWN_USER'],
    ['app:nobody', 'ERR_UNKNOWN_GROUP'],
    ['app:wide', 'ERR_UNKNOWN_GROUP'],
  ])('finds no %j', (spec, code) => {
    try {
      resolveUser(spec, passwd, group)
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(StrataError)
      expect((error as StrataError).code).toBe(code)
      expect((error as StrataError).remedy).toBeTruthy()
    }
  })
  it('needs no files for ids', () => {
    expect(resolveUser('12:34', '', '')).toEqual({ uid: 12, gid: 34, groups: [], home: '/' })
  })
  it('refuses files past the limit and takes them at it', () => {
    const filler = '#'.repeat(USER_DATABASE_MAX_BYTES)
    expect(resolveUser('5', filler, filler).uid).toBe(5)
    expect(() => resolveUser('5', `${filler}#`, '')).toThrow(FormatError)
    expect(() => resolveUser('root', passwd, `${filler}#`)).toThrow(FormatError)
  })
  it('gives every number back as it is, whatever the files say', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4294967294 }), fc.integer({ min: 0, max: 4294967294 }), (uid, gid) => {
        const lies = `${uid}:x:0:0::/evil:\n${gid}:x:0:0::/evil:\n`
        expect(resolveUser(`${uid}:${gid}`, lies, lies)).toMatchObject({ uid, gid })
        if (uid !== 0) expect(resolveUser(String(uid), lies, lies)).toEqual({ uid, gid: 0, groups: [], home: '/' })
      }),
    )
  })
})
