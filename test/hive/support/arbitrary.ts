// Random hives for property tests.
import fc from 'fast-check'
import { Hive, type HiveCreateOptions, type Key, type RegistryData } from 'stratabox/hive'

const units = (max: number) =>
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: max }).map((codes) => String.fromCharCode(...codes))
const unique = fc.constantFrom('a', 'A', 'b', 'Zz', 'é', 'É', 'ß', 'ПРИВЕТ', 'привет', '\u{1f600}', 'nul\0in', ' ', '0', 'ǆ', 'Ǆ')

/** All kinds of key names: ASCII, Latin-1, UTF-16, NUL, lone surrogates, some equal but for case. */
export const keyName = fc
  .oneof(unique, fc.string({ minLength: 1, maxLength: 20 }), units(30))
  .map((name) => name.replaceAll('\\', '/') || 'x')
/** Value names, the default value's among them. */
export const valueName = fc.oneof(fc.constant(''), unique, units(20), fc.string({ maxLength: 10 }))

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 100 }),
  fc
    .constantFrom(0, 1, 3, 4, 5, 8, 16_343, 16_344, 16_345, 2 * 16_344, 2 * 16_344 + 1, 40_000)
    .map((size) => new Uint8Array(size).fill(size)),
)
const text = fc.oneof(units(20), fc.string()).map((string) => string.replaceAll('\0', '.'))

/** Data of all types. */
export const registryData: fc.Arbitrary<RegistryData> = fc.oneof(
  fc.record({ type: fc.constantFrom('REG_SZ', 'REG_EXPAND_SZ', 'REG_LINK'), data: text }),
  fc.record({ type: fc.constantFrom('REG_DWORD', 'REG_DWORD_BIG_ENDIAN'), data: fc.nat(0xffffffff) }),
  fc.record({ type: fc.constant('REG_QWORD'), data: fc.bigInt(0n, 0xffffffffffffffffn) }),
  fc.record({ type: fc.constant('REG_MULTI_SZ'), data: fc.array(text, { maxLength: 4 }) }),
  fc.record({
    type: fc.oneof(
      fc.constantFrom('REG_NONE', 'REG_BINARY', 'REG_RESOURCE_LIST', 'REG_FULL_RESOURCE_DESCRIPTOR'),
      fc.integer({ min: 0, max: 0xffffffff }),
    ),
    data: bytes,
  }),
) as fc.Arbitrary<RegistryData>

const path = fc.array(keyName, { minLength: 0, maxLength: 4 })
const filetime = fc.bigInt(0n, 0xffffffffffffffffn)

/** One change to a tree of keys. */
export type Edit =
  | { kind: 'create'; path: string[] }
  | { kind: 'set'; path: string[]; name: string; data: RegistryData }
  | { kind: 'delete'; path: string[] }
  | { kind: 'deleteValue'; path: string[]; name: string }
  | { kind: 'class'; path: string[]; className: string }
  | { kind: 'security'; path: string[]; security: Uint8Array }
  | { kind: 'time'; path: string[]; filetime: bigint }

export const edit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('create' as const), path }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('set' as const), path, name: valueName, data: registryData }) },
  fc.record({ kind: fc.constant('delete' as const), path }),
  fc.record({ kind: fc.constant('deleteValue' as const), path, name: valueName }),
  fc.record({ kind: fc.constant('class' as const), path, className: fc.string() }),
  fc.record({ kind: fc.constant('security' as const), path, security: fc.uint8Array({ minLength: 1, maxLength: 64 }) }),
  fc.record({ kind: fc.constant('time' as const), path, filetime }),
)

const shortName = fc.constantFrom('a', 'b', 'C', 'c')
/** Edits that often meet: few names, short paths. */
export const closeEdit: fc.Arbitrary<Edit> = edit.chain((one) =>
  fc
    .record({ path: fc.array(shortName, { maxLength: 3 }), name: fc.constantFrom('', 'v', 'V', 'w') })
    .map((place) => ({ ...one, ...place }) as Edit),
)

/** Does what the edit says; a path to a value, class or time is made first. */
export function apply(root: Key, { path: names, ...change }: Edit): void {
  const at = (parts: string[]) => parts.reduce((key, name) => key.createSubkey(name), root)
  if (change.kind === 'delete') {
    if (names.length > 0) at(names.slice(0, -1)).deleteSubkey(names[names.length - 1]!)
    return
  }
  const key = at(names)
  if (change.kind === 'set') key.setValue(change.name, change.data)
  else if (change.kind === 'deleteValue') key.deleteValue(change.name)
  else if (change.kind === 'class') key.className = change.className
  else if (change.kind === 'security') key.security = change.security
  else if (change.kind === 'time') key.lastWrittenFiletime = change.filetime
}

/** A hive after these edits, with a clock that stands still. */
export function hiveOf(edits: readonly Edit[], options: HiveCreateOptions = {}): Hive {
  const hive = Hive.create({ now: () => new Date('2024-01-02T03:04:05Z'), ...options })
  for (const one of edits) apply(hive.root, one)
  return hive
}
