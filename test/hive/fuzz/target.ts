// The fuzzer's target: any bytes as hive, logs, layers or .reg text. Wrong is every error that is not typed, and every answer that contradicts another.
import { exportReg, Hive, importReg, type Key, LayeredHive } from 'stratabox/hive'
import { securityToSddl } from '../../../src/windows-layer/index.js'
import { seal, sealEntry } from '../support/logs.js'
import { split } from './parts.js'

export { seeds } from './seeds.js'

export const tokens = [
  'regf',
  'hbin',
  'nk',
  'vk',
  'sk',
  'lf',
  'lh',
  'li',
  'ri',
  'db',
  'HvLE',
  'DIRT',
  '\xff\xff\xff\xff',
  'hex(b):',
  '[-HKLM\\',
  '=-',
  '\r\n',
]

/** Typed errors of what the input is to blame for. */
const ANSWERS = ['ERR_FORMAT', 'ERR_UNSUPPORTED']

function attempt<T>(body: () => T): T | undefined {
  try {
    return body()
  } catch (error) {
    if (ANSWERS.includes((error as { code?: string }).code ?? '')) return undefined
    throw error
  }
}

function demand(claim: boolean, what: string): void {
  if (!claim) throw new Error(what)
}

/** What a tree of keys holds, in any order of keys: their number, the bytes of values, and a sum over all. */
interface Sum {
  keys: number
  bytes: number
  hash: number
}

function sumOf(hive: Hive | LayeredHive): Sum {
  const sum = { keys: 0, bytes: 0, hash: 0 }
  const walk = (key: Key, path: string): void => {
    sum.keys++
    let own = hashText(17, `${path}\0${key.className}\0${key.lastWrittenFiletime}\0${key.isSymlink}\0${key.layer}\0${key.inheritsClass}`)
    for (const { name, type, raw, tombstone } of key.values()) {
      sum.bytes += raw.length
      own = hashText(own, `${name}\0${type}\0${tombstone}\0${raw.length}`)
      for (let at = 0; at < raw.length; at++) own = (Math.imul(own, 31) + raw[at]!) | 0
    }
    sum.hash = (sum.hash + own) | 0
    for (const subkey of key.subkeys()) walk(subkey, `${path}\\${subkey.name}`)
  }
  walk(hive.root, '')
  return sum
}

function hashText(hash: number, text: string): number {
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash
}

/** Saved and opened again, a hive is sound and the same. */
function checkSaved(hive: Hive, what: string): void {
  const again = Hive.open(hive.toBytes())
  const [before, after] = [sumOf(hive), sumOf(again)]
  demand(again.verify().length === 0, `${what} is not sound: ${again.warnings[0]}`)
  demand(before.keys === after.keys && before.bytes === after.bytes && before.hash === after.hash, `${what} is not the same`)
}

/** Reads all, within what the file can hold. */
function checkRead(hive: Hive, size: number): void {
  const { keys, bytes } = sumOf(hive)
  demand(keys <= size / 80 + 1, `${keys} keys in a file of ${size} bytes`)
  demand(bytes <= size, `${bytes} bytes of values in a file of ${size}`)
  demand(hive.verify().length <= 1001, 'warnings without end')
  const { security } = hive.root
  if (security !== undefined) attempt(() => securityToSddl(security))
}

function edit(key: Key): void {
  for (const subkey of [...key.subkeys()].slice(0, 3)) {
    if (subkey.layer === 'tombstone') continue
    subkey.setValue('v', { type: 'REG_SZ', data: 'edited' })
    subkey.deleteSubkey([...subkey.subkeys()][0]?.name ?? '')
    subkey.className = 'new'
  }
  key.deleteValue([...key.values()][0]?.name ?? '')
  key.createSubkey('made\x01here').setValue('', { type: 'REG_DWORD', data: 1 })
}

/** Keys that are looked for one by one, before their siblings are read, are the same keys. */
function checkEarly(hive: Hive, open: () => Hive): void {
  const other = open()
  for (const { path, name } of [...hive.root.subkeys()].filter((_, i) => i % 7 === 0).slice(0, 40)) {
    // No path leads to such a key.
    if (name.includes('\\')) continue
    const key = other.key(path)
    const isFound = key !== undefined && [...other.root.subkeys()].some((one) => one === key)
    if (hive.warnings.length === 0) demand(isFound, 'a key that is looked for alone is not the one among all')
  }
  const [all, found] = [sumOf(hive), sumOf(other)]
  if (hive.warnings.length === 0) demand(all.hash === found.hash && all.keys === found.keys, 'a lookup changes what is read')
}

function runHive(hive: Hive, size: number, open: () => Hive): void {
  checkRead(hive, size)
  checkEarly(hive, open)
  checkSaved(hive, 'the saved hive')
  edit(hive.root)
  checkSaved(hive, 'the edited hive')
}

function runLayers(hives: readonly (Hive | undefined)[], size: number): void {
  const [base, ...deltas] = hives.filter((hive) => hive !== undefined)
  if (base === undefined || !deltas.every(({ isLayered }) => isLayered)) return
  const view = new LayeredHive(base, ...deltas)
  const { keys, bytes } = sumOf(view)
  demand(keys <= size / 80 + 1 && bytes <= size, 'the view is larger than its files')
  const count = [...view.diff()].length
  demand(count <= 2 * size, 'differences without end')
  checkSaved(view.flatten(), 'the flattened view')
  edit(view.root)
  checkSaved(view.top, 'the top delta')
}

function runText(hive: Hive | undefined, text: Uint8Array): void {
  if (hive === undefined || hive.isLayered) return
  attempt(() => importReg(hive.root, text, 'HKLM'))
  checkSaved(hive, 'the hive after import')
  const exported = attempt(() => exportReg(hive.root, 'HKLM'))
  if (exported === undefined) return
  const back = Hive.create()
  importReg(back.root, exported, 'HKLM')
  demand(sumOf(back).keys === sumOf(hive).keys, 'the exported text lacks keys')
}

/** One input. @throws where something is wrong */
export function run(bytes: Uint8Array): void {
  const { kind, files } = split(bytes)
  const [first, second, third] = files
  const openIfAny = (file: Buffer) => (file.length === 0 ? undefined : attempt(() => Hive.open(file)))
  if (kind === 'LAYR') runLayers(files.map(openIfAny), bytes.length)
  else if (kind === 'TEXT') runText(openIfAny(first), second)
  else {
    const open = () => Hive.open(first, kind === 'LOGS' ? [second, third] : [])
    const hive = attempt(open)
    if (hive !== undefined) runHive(hive, bytes.length, open)
  }
}

/** Most mutants get sound checksums and hashes: behind those lies more. */
export function repair(bytes: Buffer, random: (n: number) => number): Buffer {
  const { kind, files } = split(bytes)
  for (const file of kind === 'TEXT' ? files.slice(0, 1) : files) {
    if (file.length < 512 || random(4) === 0) continue
    seal(file)
    if (kind !== 'LOGS') continue
    for (let at = 512; at + 40 <= file.length && file.toString('latin1', at, at + 4) === 'HvLE'; ) {
      const size = file.readUInt32LE(at + 4)
      if (size < 40 || at + size > file.length) break
      sealEntry(file.subarray(at, at + size))
      at += size
    }
  }
  return bytes
}
