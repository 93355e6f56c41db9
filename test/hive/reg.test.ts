// .reg text: what regedit writes is read, what is written is read back the same.
import fc from 'fast-check'
import { encodeReg, exportReg, Hive, importReg, LayeredHive, parseReg } from 'stratabox/hive'
import { describe, expect, it } from 'vitest'
import { FormatError } from '../../src/core/index.js'
import { edit, hiveOf } from './support/arbitrary.js'
import { dumpSorted } from './support/dump.js'

const V5 = 'Windows Registry Editor Version 5.00\r\n\r\n'
const bytes = (...list: number[]) => Uint8Array.from(list)
const imported = (text: string | Uint8Array) => {
  const hive = Hive.create()
  importReg(hive.root, text, 'HKLM\\SOFTWARE')
  return hive
}

describe('importReg', () => {
  it('reads all kinds of values', () => {
    const hive = imported(`${V5}; a comment
[HKEY_LOCAL_MACHINE\\SOFTWARE\\Vendor [x]]
@="default"
"text"="a \\"quoted\\" C:\\\\path"
"lines"="one
two"
"word"=dword:0000002A
"bytes"=hex:01,02,\\
  03,ff
"quad"=hex(b):01,00,00,00,00,00,00,00
"multi"=hex(7):61,00,00,00,62,00,00,00,00,00 ; and a comment
"expand"=hex(2):25,00,00,00
"empty"=hex:
"none"=hex(0):
"odd"=hex(ffff0001):07
`)
    const key = hive.key('vendor [x]')!
    expect(Object.fromEntries([...key.values()].map(({ name, type, data }) => [name, [type, data]]))).toEqual({
      '': ['REG_SZ', 'default'],
      text: ['REG_SZ', 'a "quoted" C:\\path'],
      lines: ['REG_SZ', 'one\ntwo'],
      word: ['REG_DWORD', 42],
      bytes: ['REG_BINARY', bytes(1, 2, 3, 255)],
      quad: ['REG_QWORD', 1n],
      multi: ['REG_MULTI_SZ', ['a', 'b']],
      expand: ['REG_EXPAND_SZ', '%'],
      empty: ['REG_BINARY', bytes()],
      none: ['REG_NONE', bytes()],
      odd: [0xffff0001, bytes(7)],
    })
  })

  it('deletes keys and values', () => {
    const hive = imported(`${V5}[HKLM\\software\\a\\b]\r\n"v"="x"\r\n"w"="y"\r\n[HKLM\\software\\c]\r\n`)
    importReg(
      hive.root,
      `${V5}[-HKLM\\SOFTWARE\\c]\r\n[HKLM\\SOFTWARE\\a\\b]\r\n"V"=-\r\n"nothing"=-\r\n[-HKLM\\SOFTWARE\\none\\deep]\r\n`,
      'HKLM\\Software',
    )
    expect(hive.key('c')).toBeUndefined()
    expect([...hive.key('a\\b')!.values()].map(({ name }) => name)).toEqual(['w'])
  })

  it('reads the bytes that regedit saves, and the old version with one byte a letter', () => {
    expect(
      imported(encodeReg(`${V5}[HKLM\\SOFTWARE\\Я]\r\n@="Ж"\r\n`))
        .key('я')
        ?.value()?.data,
    ).toBe('Ж')
    const old = Buffer.from('REGEDIT4\r\n\r\n[HKLM\\SOFTWARE\\k]\r\n@="\x80\xe4"\r\n"e"=hex(2):25,e4,00\r\n', 'latin1')
    expect([...imported(old).key('k')!.values()].map(({ data }) => data)).toEqual(['€ä', '%ä'])
  })

  it('leaves out and names keys that are not below the prefix', () => {
    const hive = Hive.create()
    const text = `${V5}[HKLM\\SOFTWARE2]\r\n[HKCU\\x]\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE]\r\n@="root"\r\n`
    expect(importReg(hive.root, text, 'HKLM\\SOFTWARE')).toEqual(['HKLM\\SOFTWARE2', 'HKCU\\x'])
    expect(hive.root.value()?.data).toBe('root')
  })

  it('works on merged views', () => {
    const view = new LayeredHive(imported(`${V5}[HKLM\\SOFTWARE\\a]\r\n"v"="x"\r\n`))
    importReg(view.root, `${V5}[HKLM\\SOFTWARE\\a]\r\n"v"=-\r\n`, 'HKLM\\SOFTWARE')
    expect(view.key('a')?.value('v')).toBeUndefined()
    expect(exportReg(view.top.root, 'HKLM\\SOFTWARE')).toContain('"v"=-')
  })

  it.each([
    ['', 'line 1'],
    ['REGEDIT5\n', 'line 1'],
    [`${V5}"v"="x"`, 'line 3: a value stands under no key'],
    [`${V5}[HKLM\\SOFTWARE`, 'line 3: a key has no closing bracket'],
    [`${V5}[k]\n[HKLM\\SOFTWARE\n[l]\n`, 'line 4: a key has no closing bracket'],
    [`${V5}[HKLM\\a\\\\b]\n`, 'line 3: a key name has 1 to 255 units, not 0'],
    [`${V5}[HKLM\\a]\n[HKLM\\${'x'.repeat(256)}]\n`, 'line 4: a key name has 1 to 255 units, not 256'],
    [`${V5}[HKLM\\a]\n"${'x'.repeat(16_384)}"=-\n`, 'line 4: a value name has at most 16383 units, not 16384'],
    [`${V5}[k]\n"v`, 'the string has no end'],
    [`${V5}[k]\n"v"`, 'line 4: a value has no ='],
    [`${V5}[k]\n"v"="x" y`, 'something follows the data'],
    [`${V5}[k]\n"v"=hex:1,`, 'a byte is missing'],
    [`${V5}[k]\n"v"=hex(x):1`, 'hex needs a type'],
    [`${V5}[k]\n"v"=dword:`, 'dword: needs'],
    [`${V5}[k]\n"v"=word:1`, 'a quote is missing'],
    [`${V5}[k]\nnonsense`, 'a quote is missing'],
  ])('refuses %j: %s', (text, message) => {
    const hive = Hive.create()
    expect(() => importReg(hive.root, text, 'HKLM')).toThrow(FormatError)
    expect(() => parseReg(text)).toThrow(message)
    expect(hive.changeCount).toBe(0)
  })

  it('refuses a key past 512 levels before anything is changed, and takes the longest names', () => {
    const hive = Hive.create()
    const deep = (levels: number) => `${V5}[HKLM\\first]\n[HKLM\\${Array.from({ length: levels }, () => 'k').join('\\')}]\n`
    expect(() => importReg(hive.root, deep(513), 'HKLM')).toThrow(FormatError)
    expect(() => importReg(hive.createKey('under'), deep(512), 'HKLM')).toThrow(FormatError)
    expect([...hive.root.subkeys()].map(({ name }) => name)).toEqual(['under'])
    importReg(hive.root, deep(512), 'HKLM')
    importReg(hive.root, `${V5}[HKLM\\${'x'.repeat(255)}]\n"${'y'.repeat(16_383)}"="v"\n`, 'HKLM')
    expect(hive.key('x'.repeat(255))?.value('y'.repeat(16_383))?.data).toBe('v')
  })

  it('gives a FormatError or steps for any text', () => {
    const part = fc.constantFrom('[', ']', '-', '"', '\\', '=', 'hex', '(', ')', ':', '1', ',', '\n', ';', 'dword:', '@', 'k', ' ')
    fc.assert(
      fc.property(fc.array(part, { maxLength: 60 }), (parts) => {
        try {
          parseReg(V5 + parts.join(''))
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError)
        }
      }),
      { numRuns: 1000 },
    )
  })
})

describe('exportReg', () => {
  it('writes as regedit does', () => {
    const hive = imported(
      `${V5}[HKLM\\SOFTWARE\\k]\n@="a\\\\b"\n"w"=dword:1\n"b"=hex:${Array.from({ length: 30 }, () => 'ab').join(',')}\n`,
    )
    expect(exportReg(hive.key('k')!, 'HKLM\\SOFTWARE\\k').split('\r\n')).toEqual([
      'Windows Registry Editor Version 5.00',
      '',
      '[HKEY_LOCAL_MACHINE\\SOFTWARE\\k]',
      '@="a\\\\b"',
      '"w"=dword:00000001',
      `"b"=hex:${'ab,'.repeat(23)}\\`,
      `  ${Array.from({ length: 7 }, () => 'ab').join(',')}`,
      '',
      '',
    ])
  })

  it('gives everything back when it is imported', () => {
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 20 }), (edits) => {
        const hasLineEnd = (text: string) => /[\r\n]/.test(text)
        const hive = hiveOf(edits.filter((one) => !one.path.some(hasLineEnd) && !('name' in one && hasLineEnd(one.name))))
        const back = Hive.create()
        importReg(back.root, encodeReg(exportReg(hive.root, 'HKLM\\x')), 'HKLM\\x')
        const shown = (one: Hive) => dumpSorted(one).map(({ path, values }) => ({ path, values }))
        expect(shown(back)).toEqual(shown(hive))
      }),
      { numRuns: 200 },
    )
  })

  it('refuses a name with a line end, and writes tombstones as deletions', () => {
    const hive = Hive.create({ layered: true })
    hive.createKey('gone').layer = 'tombstone'
    expect(exportReg(hive.root, 'HKLM')).toContain('[-HKEY_LOCAL_MACHINE\\gone]')
    hive.root.setValue('a\nb', { type: 'REG_DWORD', data: 1 })
    expect(() => exportReg(hive.root, 'HKLM')).toThrow(/cannot hold the name/)
  })
})
