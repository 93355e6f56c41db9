// Reads .reg text: "Windows Registry Editor Version 5.00" and the older "REGEDIT4", whose strings have one byte a letter.
import { FormatError } from '../../core/index.js'
import { typeNumber } from '../data.js'
import { encodeData } from '../encode.js'
import { KEY_NAME_MAX, VALUE_NAME_MAX } from '../key.js'
import { decodeUtf16, encodeUtf16 } from '../text.js'
import { decodeAnsi } from './ansi.js'
import type { RegEdit } from './edits.js'
import { Scanner } from './scan.js'

const VERSION_5 = 'Windows Registry Editor Version 5.00'
const VERSION_4 = 'REGEDIT4'

/** All steps of the file. Bytes may be UTF-16LE with its mark, UTF-8, or for REGEDIT4 Windows-1252. @throws FormatError that names the line */
export function parseReg(source: string | Uint8Array): RegEdit[] {
  const scan = new Scanner(typeof source === 'string' ? source.replace(/^\ufeff/, '') : decodeText(source))
  scan.skipBlank()
  const version = scan.line().trim()
  if (version !== VERSION_5 && version !== VERSION_4) throw new FormatError('.reg line 1: neither version 5.00 nor REGEDIT4')
  const edits: RegEdit[] = []
  let path: string | undefined
  for (scan.skipBlank(); !scan.isAtEnd; scan.skipBlank()) {
    if (scan.accept('[')) {
      const isDeleted = scan.accept('-')
      const name = scan.line().trimEnd()
      const end = name.lastIndexOf(']')
      if (end <= 0) throw scan.fail('a key has no closing bracket')
      const given = checkPath(scan, name.slice(0, end))
      edits.push({ kind: isDeleted ? 'delete-key' : 'create-key', path: given })
      path = isDeleted ? undefined : given
    } else edits.push(parseValue(scan, path, version === VERSION_4))
  }
  return edits
}

function decodeText(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return decodeUtf16(bytes.subarray(2))
  const isVersion4 = VERSION_4.split('').every((letter, i) => bytes[i] === letter.charCodeAt(0))
  return isVersion4 ? decodeAnsi(bytes) : new TextDecoder().decode(bytes)
}

function checkPath(scan: Scanner, path: string): string {
  for (const part of path.split('\\'))
    if (part === '' || part.length > KEY_NAME_MAX) throw scan.fail(`a key name has 1 to ${KEY_NAME_MAX} units, not ${part.length}`)
  return path
}

function parseValue(scan: Scanner, path: string | undefined, isVersion4: boolean): RegEdit {
  if (path === undefined) throw scan.fail('a value stands under no key')
  const name = scan.accept('@') ? '' : scan.quoted()
  if (name.length > VALUE_NAME_MAX) throw scan.fail(`a value name has at most ${VALUE_NAME_MAX} units, not ${name.length}`)
  scan.match(/[ \t]*/y)
  if (!scan.accept('=')) throw scan.fail('a value has no =')
  scan.match(/[ \t]*/y)
  const edit: RegEdit = scan.accept('-')
    ? { kind: 'delete-value', path, name }
    : { kind: 'set-value', path, name, ...parseData(scan, isVersion4) }
  if (scan.match(/[ \t]*(?:;[^\r\n]*)?(?:\r?\n|\r|$)/y) === '' && !scan.isAtEnd) throw scan.fail('something follows the data')
  return edit
}

function parseData(scan: Scanner, isVersion4: boolean): { type: number; raw: Uint8Array } {
  if (scan.accept('dword:')) {
    const digits = scan.match(/[0-9a-f]{1,8}/iy)
    if (digits === '') throw scan.fail('dword: needs up to eight digits')
    return encodeData({ type: 'REG_DWORD', data: Number.parseInt(digits, 16) })
  }
  if (!scan.accept('hex')) return { type: typeNumber('REG_SZ'), raw: encodeUtf16(`${scan.quoted()}\0`) }
  const type = scan.accept('(') ? Number.parseInt(scan.match(/[0-9a-f]{1,8}\)/iy), 16) : typeNumber('REG_BINARY')
  if (Number.isNaN(type) || !scan.accept(':')) throw scan.fail('hex needs a type in brackets, or none, and a colon')
  const raw = parseBytes(scan)
  // REG_EXPAND_SZ and REG_MULTI_SZ of the old version hold one byte a letter.
  return { type, raw: isVersion4 && (type === 2 || type === 7) ? encodeUtf16(decodeAnsi(raw)) : raw }
}

/** Bytes with commas between; a backslash at the end of a line continues it. */
function parseBytes(scan: Scanner): Uint8Array {
  const bytes: number[] = []
  for (;;) {
    scan.match(/(?:[ \t]|\\[ \t]*(?:\r?\n|\r))*/y)
    const digits = scan.match(/[0-9a-f]{1,2}/iy)
    if (digits === '') {
      if (bytes.length === 0) return new Uint8Array(0)
      throw scan.fail('a byte is missing after a comma')
    }
    bytes.push(Number.parseInt(digits, 16))
    scan.match(/(?:[ \t]|\\[ \t]*(?:\r?\n|\r))*/y)
    if (!scan.accept(',')) return Uint8Array.from(bytes)
  }
}
