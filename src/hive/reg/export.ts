// Writes a key and all below it as .reg text, version 5.00, as regedit lays it out.
import { UnsupportedError } from '../../core/index.js'
import type { Value } from '../data.js'
import { typeNumber } from '../data.js'
import { KEY_NAME_MAX, type Key, VALUE_NAME_MAX } from '../key.js'
import { decodeUtf16, encodeUtf16 } from '../text.js'
import { longPath } from './paths.js'

const LINE_MAX = 79

/** The text, with CR LF. `prefix`: the path that `root` stands for. Tombstones of delta hives become deletions. `importReg` gives the same keys and values back.
 *  Classes, security and times are not in it. @throws UnsupportedError for a name with a line end, or one that no key may have */
export function exportReg(root: Key, prefix: string): string {
  const lines = ['Windows Registry Editor Version 5.00', '']
  const walk = (key: Key, path: string): void => {
    lines.push(key.layer === 'tombstone' ? `[-${path}]` : `[${path}]`)
    for (const value of key.values()) lines.push(...valueLines(value))
    lines.push('')
    for (const subkey of key.subkeys()) {
      checkName(subkey.name, KEY_NAME_MAX)
      // Only a hostile file holds such a name: in text it would be two.
      if (subkey.name.includes('\\')) throw unsupported(subkey.name)
      walk(subkey, `${path}\\${subkey.name}`)
    }
  }
  checkName(prefix)
  walk(root, longPath(prefix))
  return `${lines.join('\r\n')}\r\n`
}

/** `text` as regedit saves it: UTF-16LE with its mark. */
export const encodeReg = (text: string): Uint8Array => encodeUtf16(`\ufeff${text}`)

function checkName(name: string, unitsMax = Infinity): void {
  if (/[\r\n]/.test(name) || name.length > unitsMax) throw unsupported(name)
}

const unsupported = (name: string) => new UnsupportedError(`.reg text cannot hold the name ${JSON.stringify(name.slice(0, 200))}`)

const quote = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&')}"`

function valueLines(value: Value): string[] {
  checkName(value.name, VALUE_NAME_MAX)
  const name = value.name === '' ? '@' : quote(value.name)
  if (value.tombstone === true) return [`${name}=-`]
  if (value.type === 'REG_DWORD') return [`${name}=dword:${value.data.toString(16).padStart(8, '0')}`]
  if (value.type === 'REG_SZ' && isPlain(value.data, value.raw)) return [`${name}=${quote(value.data)}`]
  const type = typeNumber(value.type)
  return hexLines(`${name}=hex${type === 3 ? '' : `(${type.toString(16)})`}:`, value.raw)
}

/** Whether quotes hold the string so that the very same bytes come back. */
const isPlain = (text: string, raw: Uint8Array): boolean => !/[\r\n]/.test(text) && raw.length % 2 === 0 && decodeUtf16(raw) === `${text}\0`

function hexLines(head: string, raw: Uint8Array): string[] {
  const lines: string[] = []
  let line = head
  raw.forEach((byte, i) => {
    const item = byte.toString(16).padStart(2, '0') + (i + 1 < raw.length ? ',' : '')
    if (line.length + item.length + 1 > LINE_MAX && line !== '  ' && i > 0) {
      lines.push(`${line}\\`)
      line = '  '
    }
    line += item
  })
  return [...lines, line]
}
