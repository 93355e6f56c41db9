// Registry data as the API shows it: a union by type name. Source: Win32 "Registry Value Types"; numbers from the regf specification.

/** Data of a value. Switch on `type` to narrow `data`. Bytes under a number: a type without a name, or data that does not fit its type (a REG_DWORD of 3 bytes). */
export type RegistryData =
  | { readonly type: 'REG_SZ' | 'REG_EXPAND_SZ' | 'REG_LINK'; readonly data: string }
  | { readonly type: 'REG_DWORD' | 'REG_DWORD_BIG_ENDIAN'; readonly data: number }
  | { readonly type: 'REG_QWORD'; readonly data: bigint }
  | { readonly type: 'REG_MULTI_SZ'; readonly data: string[] }
  | {
      readonly type: 'REG_NONE' | 'REG_BINARY' | `REG_RESOURCE_${string}` | 'REG_FULL_RESOURCE_DESCRIPTOR' | number
      readonly data: Uint8Array
    }

/** A value as it is stored now (a copy: changing it changes nothing in the hive). */
export type Value = RegistryData & {
  /** Empty for the key's default value. */
  readonly name: string
  /** The stored bytes, a copy. */
  readonly raw: Uint8Array
  /** In a delta hive: the value hides one of the same name in the layers below. `type` is REG_NONE, `raw` empty. */
  readonly tombstone?: true
}

const NAMES = [
  'REG_NONE',
  'REG_SZ',
  'REG_EXPAND_SZ',
  'REG_BINARY',
  'REG_DWORD',
  'REG_DWORD_BIG_ENDIAN',
  'REG_LINK',
  'REG_MULTI_SZ',
  'REG_RESOURCE_LIST',
  'REG_FULL_RESOURCE_DESCRIPTOR',
  'REG_RESOURCE_REQUIREMENTS_LIST',
  'REG_QWORD',
] as const

/** A type that has a name. */
export type RegistryTypeName = (typeof NAMES)[number]

/** The name of a type number; undefined where there is none. */
export const typeName = (type: number): RegistryTypeName | undefined => NAMES[type]

/** The number of a type, given by name or number. @throws TypeError for a name that is none, RangeError past 32 bits */
export function typeNumber(type: string | number): number {
  if (typeof type === 'number') {
    if (!Number.isInteger(type) || type < 0 || type > 0xffffffff) throw new RangeError(`not a registry type: ${type}`)
    return type
  }
  const number = (NAMES as readonly string[]).indexOf(type)
  if (number < 0) throw new TypeError(`not a registry type: ${String(type)}`)
  return number
}
