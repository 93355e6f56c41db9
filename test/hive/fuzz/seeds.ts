// What the fuzzer begins with: small hives of every kind of record, logs of both formats, layers, .reg text, and the corpus where it is there.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join as joinPath } from 'node:path'
import { exportReg, Hive, LayeredHive } from 'stratabox/hive'
import { entry, newLog, oldLog, sequenced } from '../support/logs.js'
import { join } from './parts.js'

const now = () => new Date('2024-01-01T00:00:00Z')
const word = (data: number) => ({ type: 'REG_DWORD', data }) as const
const binary = (size: number) => ({ type: 'REG_BINARY', data: new Uint8Array(size).fill(7) }) as const
/** Larger ones take longer than they find. */
const SEED_MAX = 300_000

/** Keys, values and names of all kinds, in a few pages. */
function small(version: number): Hive {
  const hive = Hive.create({ version, now })
  const key = hive.createKey('Vendor\\App')
  key.className = 'class'
  key.setValue('', { type: 'REG_SZ', data: 'default' })
  key.setValue('multi', { type: 'REG_MULTI_SZ', data: ['a', '', 'b'] })
  key.setValue('Имя', { type: 'REG_QWORD', data: 2n ** 60n })
  key.setValue('none', binary(0))
  hive.createKey('Vendor\\Ключ').security = Uint8Array.of(1, 0, 4, 128, ...new Array(16).fill(0))
  hive.createKey('Link').isSymlink = true
  hive.key('Link')!.setValue('SymbolicLinkValue', { type: 'REG_LINK', data: '\\REGISTRY\\USER' })
  for (let i = 0; i < 5; i++) hive.createKey(`List\\k${i}`).setValue('v', word(i))
  return hive
}

/** Big data, a cell larger than a page, and a list that has a root. */
function large(): Hive {
  const hive = Hive.create({ now })
  hive.root.setValue('segments', binary(40_000))
  hive.root.setValue('pages', binary(9_000))
  return hive
}

function listed(version: number): Hive {
  const hive = Hive.create({ version, now })
  for (let i = 0; i < 501; i++) hive.root.createSubkey(`${i}`)
  return hive
}

function delta(): Hive {
  const view = new LayeredHive(small(5), Hive.create({ layered: true, now }))
  view.key('Vendor\\App')!.deleteValue('multi')
  view.root.deleteSubkey('List')
  view.createKey('New\\Deep').setValue('v', word(1))
  view.createKey('Vendor\\Ключ').setValue('v', word(2))
  view.top.createKey('Link').layer = 'supersede-local'
  return view.top
}

const buffer = (hive: Hive): Buffer => Buffer.from(hive.toBytes())

/** All of them. */
export function seeds(): Buffer[] {
  const [before, after] = [buffer(small(5)), buffer(delta())]
  const made = [...[3, 4, 6].map(small), large(), listed(3), listed(5), delta()].map(buffer)
  const logs = [newLog(before, 5, entry(after, 5)), newLog(before, 6, entry(before, 6), entry(after, 7))] as const
  return [
    before,
    ...made,
    join('LOGS', sequenced(before, 6, 5), ...logs),
    join('LOGS', sequenced(before, 6, 5), oldLog(after, 6), oldLog(before, 6)),
    join('LAYR', before, after),
    join('LAYR', before, after, after),
    join('TEXT', before, Buffer.from(exportReg(small(5).root, 'HKLM'))),
    join('TEXT', before, Buffer.from('REGEDIT4\n[HKLM\\a]\n"v"="x"\n@=hex(2):25,00\n"d"=-\n[-HKLM\\b]\n; end')),
    ...corpus(),
  ]
}

function corpus(): Buffer[] {
  const folder = joinPath('..', 'shared', 'corpus', 'hives')
  if (!existsSync(folder)) return []
  const file = (name: string) => readFileSync(joinPath(folder, name))
  const dirty = ['NewDirtyHive', 'NewDirtyHive.LOG1', 'NewDirtyHive.LOG2'].map((name) => file(joinPath('NewDirtyHive1', name)))
  const hives = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.(json|md)$/.test(entry.name))
    .map(({ name }) => file(name))
  return [...hives.filter(({ length }) => length <= SEED_MAX), join('LOGS', dirty[0]!, dirty[1]!, dirty[2]!)]
}
