// What other programs read in a hive, as rows that can be compared: the path of a key, and for a value its name, type and bytes.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import type { Hive, Key } from 'stratabox/hive'
import { dump } from './dump.js'

/** Sorted rows; bytes as hexadecimal digits. */
export type Rows = string[]

const row = (...parts: (string | number)[]) => parts.join(' · ')
const hexOf = (text: string) => text.replace(/[^0-9a-f]/gi, '').toLowerCase()
const utf16 = (text: string) => Buffer.from(text, 'utf16le').toString('hex')
const number = (digits: string, size: 4 | 8) => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(digits))
  return bytes.toString('hex', 0, size)
}
const escapedOnce = (text: string) => text.replace(/\\(.)/g, '$1')

function output(command: string, ...args: string[]): string {
  const env = { ...process.env, LC_ALL: 'C.UTF-8' }
  // Through cat: a pipe of Node's is a socket, which some programs cannot open by name.
  return execFileSync('sh', ['-c', '"$@" | cat', 'sh', command, ...args], {
    maxBuffer: 1 << 29,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    env,
  })
}

/** Ours, with what only libregf shows too: classes. */
export const ownRowsAndClasses = (hive: Hive): Rows =>
  [...ownRows(hive), ...dump(hive).flatMap((key) => (key.class === undefined ? [] : [row('class', key.path, key.class)]))].sort()

/** Ours. */
export function ownRows(hive: Hive): Rows {
  const rows: Rows = []
  for (const { path, values = [] } of dump(hive)) {
    rows.push(row(path))
    const key = hive.key(path)!
    for (const { name, type } of values) rows.push(row(path, name, type, Buffer.from(key.value(name)!.raw).toString('hex')))
  }
  return rows.sort()
}

/** libregf's, with classes. Its text of a REG_SZ is taken to end with a NUL. */
export function regfexportRows(file: string): Rows {
  const rows: Rows = []
  let path = ''
  for (const block of output('regfexport', file).split(/\n\n+/)) {
    const key = /^Key path: ROOT\\?(.*)$/m.exec(block)
    if (key !== null) {
      path = key[1]!
      rows.push(row(path))
    }
    const className = /^Class name: (.*)$/m.exec(block)
    if (className !== null) rows.push(row('class', path, className[1]!))
    const value = /^Value: \d+ (.*)\nType: .*\((REG_\w+)\)\nData size: (\d+)(?:\nData:(?: (.*))?\n?([\s\S]*))?/m.exec(block)
    if (value === null) continue
    const [, name, kind, , text = '', listing = ''] = value
    const dumped = [...listing.matchAll(/^[0-9a-f]{8}: (.{48,50})/gm)].map(([, hex]) => hexOf(hex!)).join('')
    const read: Record<string, () => [number, string]> = {
      REG_SZ: () => [1, utf16(`${text}\0`)],
      REG_DWORD_LITTLE_ENDIAN: () => [4, number(text, 4)],
      REG_QWORD_LITTLE_ENDIAN: () => [11, number(text, 8)],
      REG_MULTI_SZ: () => [7, dumped],
      REG_BINARY: () => [3, dumped],
    }
    rows.push(row(path, name === '(default)' ? '' : name!, ...read[kind!]!()))
  }
  return rows.sort()
}

/** hivex's, from one session of hivexsh that visits each key below the root; the root's one value, between them, tells where the values of one end. */
export function hivexshRows(file: string, paths: readonly string[]): Rows {
  writeFileSync(`${file}.commands`, `lsval\n${paths.map((path) => `cd \\${path}\nlsval\ncd \\\nlsval\n`).join('')}`)
  const lines = output('hivexsh', '-f', `${file}.commands`, file).trimEnd().split('\n')
  const rows: Rows = [row(''), hivexValue('', lines[0]!)]
  let at = 0
  for (const path of paths) {
    rows.push(row(path))
    for (at++; lines[at] !== lines[0]; at++) rows.push(hivexValue(path, lines[at]!))
  }
  return rows.sort()
}

function hivexValue(path: string, line: string): string {
  const [, quoted, data] = /^"((?:[^"\\]|\\.)*)"=(.*)$/.exec(line)!
  const name = quoted === '@' ? '' : escapedOnce(quoted!)
  const [, kind, type, body] = /^(str|hex|dword)?(?:\((\d+)\))?:?(.*)$/.exec(data!)!
  if (kind === 'dword') return row(path, name, 4, number(`0x${body}`, 4))
  if (kind === 'hex') return row(path, name, Number(type), hexOf(body!))
  return row(path, name, 1, utf16(`${escapedOnce(body!.slice(1, -1))}\0`))
}

const stored = (name: string) => Buffer.from(name, /^[\0-\xff]*$/.test(name) ? 'latin1' : 'utf16le')
const unquoted = (text: string) =>
  Buffer.from(
    text.replace(/%([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )

/** reglookup's, in its own terms: names and text as stored where they are not ASCII. */
export function reglookupRows(file: string): Rows {
  return output('reglookup', file)
    .split('\n')
    .slice(1, -1)
    .map((line) => {
      const [path, type, data] = line.split(',')
      // Values of the root have two slashes before them.
      const names = path!
        .replace(/^\/\//, '/')
        .split('/')
        .slice(1)
        .map((name) => unquoted(name).toString('hex'))
      return type === 'KEY' ? row('key', ...names) : row(type!, ...names, type === 'MULTI_SZ' ? '' : unquoted(data!).toString('hex'))
    })
    .sort()
}

/** Ours in reglookup's terms. */
export function ownReglookupRows(hive: Hive): Rows {
  const rows: Rows = []
  const walk = (key: Key, names: readonly string[]): void => {
    rows.push(row('key', ...(names.length === 0 ? [''] : names)))
    for (const value of key.values()) {
      const { type, raw } = value
      const shown = () => {
        if (value.type === 'REG_DWORD') return Buffer.from(`0x${value.data.toString(16).padStart(8, '0').toUpperCase()}`)
        if (value.type === 'REG_QWORD') return Buffer.from(`0x${value.data.toString(16).padStart(16, '0').toUpperCase()}`)
        if (value.type === 'REG_MULTI_SZ') return Buffer.alloc(0)
        if (value.type === 'REG_SZ' && /^[\0-\x7f]*$/.test(value.data)) return Buffer.from(value.data)
        return raw.length === 0 ? Buffer.from('(null)') : Buffer.from(raw)
      }
      rows.push(row(String(type).slice(4), ...names, stored(value.name).toString('hex'), shown().toString('hex')))
    }
    for (const subkey of key.subkeys()) walk(subkey, [...names, stored(subkey.name).toString('hex')])
  }
  walk(hive.root, [])
  return rows.sort()
}
