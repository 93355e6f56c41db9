// The registry in Windows layers: which file holds what. A base layer has whole hives among its files; each layer above has deltas of its own.
import { UnsupportedError } from '../core/index.js'
import { foldCase } from './names.js'

/** The hives that layers carry. */
export type HiveName = 'System' | 'Software' | 'Sam' | 'Security' | 'DefaultUser'

/** All of them. */
export const HIVE_NAMES: readonly HiveName[] = ['System', 'Software', 'Sam', 'Security', 'DefaultUser']

const BASE_FILE: Readonly<Record<HiveName, string>> = {
  System: 'SYSTEM',
  Software: 'SOFTWARE',
  Sam: 'SAM',
  Security: 'SECURITY',
  DefaultUser: 'DEFAULT',
}

const ROOTS: readonly (readonly [string, HiveName])[] = [
  ['HKEY_LOCAL_MACHINE\\SYSTEM', 'System'],
  ['HKEY_LOCAL_MACHINE\\SOFTWARE', 'Software'],
  ['HKEY_LOCAL_MACHINE\\SAM', 'Sam'],
  ['HKEY_LOCAL_MACHINE\\SECURITY', 'Security'],
  ['HKEY_USERS\\.DEFAULT', 'DefaultUser'],
]
const SHORT: ReadonlyMap<string, string> = new Map([
  ['HKLM', 'HKEY_LOCAL_MACHINE'],
  ['HKU', 'HKEY_USERS'],
  ['HKCR', 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Classes'],
  ['HKEY_CLASSES_ROOT', 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Classes'],
])

/** Where a layer keeps its changes of a hive. */
export const deltaPath = (name: HiveName): string => `/Hives/${name}_Delta`
/** Where a base layer keeps the hive itself. */
export const basePath = (name: HiveName): string => `/Files/Windows/System32/config/${BASE_FILE[name]}`

const DELTA_AT: ReadonlyMap<string, HiveName> = new Map(HIVE_NAMES.map((name) => [foldCase(deltaPath(name)), name]))
const BASE_AT: ReadonlyMap<string, HiveName> = new Map(HIVE_NAMES.map((name) => [foldCase(basePath(name)), name]))

/** Which hive a path of a layer holds; undefined: none. */
export function hiveAt(path: string): { readonly name: HiveName; readonly kind: 'base' | 'delta' } | undefined {
  const folded = foldCase(path)
  const delta = DELTA_AT.get(folded)
  if (delta !== undefined) return { name: delta, kind: 'delta' }
  const base = BASE_AT.get(folded)
  return base === undefined ? undefined : { name: base, kind: 'base' }
}

/** The hive of a registry path such as `HKLM\SOFTWARE\Vendor`, and the path in it. Names of roots may be long or short.
 *  @throws TypeError for a path that is none @throws UnsupportedError for one that no layer's hive holds */
export function locateKey(path: string): { readonly hive: HiveName; readonly path: string } {
  if (typeof path !== 'string' || path === '' || path.split('\\').includes(''))
    throw new TypeError(`not a registry path: ${JSON.stringify(path)}`)
  const [head = '', ...rest] = path.split('\\')
  const full = [SHORT.get(head.toUpperCase()) ?? head, ...rest].join('\\')
  for (const [root, hive] of ROOTS) {
    if (foldCase(full) === foldCase(root)) return { hive, path: '' }
    if (foldCase(full).startsWith(`${foldCase(root)}\\`)) return { hive, path: full.slice(root.length + 1) }
  }
  throw new UnsupportedError(`${path}: image layers hold only ${ROOTS.map(([root]) => root).join(', ')}`, {
    remedy: 'write to one of those',
  })
}
