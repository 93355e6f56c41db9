// From unknown JSON to typed fields; whatever does not fit is a FormatError with its JSON path.
import { type Digest, FormatError, parseDigest } from '../core/index.js'

/** A JSON object with its place in the document. Go writes empty slices, maps and pointers as null: such fields are removed from the object,
 *  or, where they are named in `lists`, become empty arrays. */
export class JsonObject {
  readonly fields: Readonly<Record<string, unknown>>

  constructor(
    value: unknown,
    readonly path: string,
    lists: readonly string[] = [],
  ) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(value, 'an object', path)
    const fields = value as Record<string, unknown>
    for (const key of Object.keys(fields)) {
      if (fields[key] !== null) continue
      if (lists.includes(key)) fields[key] = []
      else delete fields[key]
    }
    this.fields = fields
  }

  raw(key: string): unknown {
    return Object.hasOwn(this.fields, key) ? this.fields[key] : undefined
  }

  at(key: string): string {
    return /^[A-Za-z_]\w*$/.test(key) ? `${this.path}.${key}` : `${this.path}[${JSON.stringify(key)}]`
  }

  has(key: string): boolean {
    return this.raw(key) !== undefined
  }

  optional<T>(key: string, read: (value: unknown, path: string) => T): T | undefined {
    const value = this.raw(key)
    return value === undefined ? undefined : read(value, this.at(key))
  }

  required<T>(key: string, read: (value: unknown, path: string) => T): T {
    const value = this.raw(key)
    if (value === undefined) throw new FormatError('is missing', { jsonPath: this.at(key) })
    return read(value, this.at(key))
  }
}

const wrong = (value: unknown, wanted: string, jsonPath: string) =>
  new FormatError(`must be ${wanted}, not ${value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`}`, {
    jsonPath,
  })

/** @throws FormatError unless the value is a string */
export function asString(value: unknown, path: string): string {
  if (typeof value !== 'string') throw wrong(value, 'a string', path)
  return value
}

/** @throws FormatError unless the value is a boolean */
export function asBoolean(value: unknown, path: string): boolean {
  if (typeof value !== 'boolean') throw wrong(value, 'a boolean', path)
  return value
}

/** A whole number that JavaScript holds exactly. @throws FormatError */
export function asInteger(value: unknown, path: string): number {
  if (!Number.isSafeInteger(value))
    throw new FormatError(`must be an integer, not ${JSON.stringify(value)?.slice(0, 40)}`, { jsonPath: path })
  return value as number
}

/** A size in bytes. @throws FormatError for fractions and negative numbers */
export function asSize(value: unknown, path: string): number {
  const size = asInteger(value, path)
  if (size < 0) throw new FormatError(`must not be negative: ${size}`, { jsonPath: path })
  return size
}

/** @throws FormatError unless the value is a sha256 digest */
export const asDigest = (value: unknown, path: string): Digest => parseDigest(value, path)

/** Reader of arrays, given the reader of one item. */
export const asArray =
  <T>(read: (value: unknown, path: string) => T) =>
  (value: unknown, path: string): readonly T[] => {
    if (!Array.isArray(value)) throw wrong(value, 'an array', path)
    return value.map((item, index) => read(item, `${path}[${index}]`))
  }

/** A map of strings, such as annotations and labels. */
export function asStrings(value: unknown, path: string): Readonly<Record<string, string>> {
  const object = new JsonObject(value, path)
  for (const [key, field] of Object.entries(object.fields)) asString(field, object.at(key))
  return object.fields as Readonly<Record<string, string>>
}

/** A set written as a map to empty objects (`ExposedPorts`, `Volumes`). */
export function asSet(value: unknown, path: string): Readonly<Record<string, object>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(value, 'an object', path)
  const fields = value as Record<string, unknown>
  // Go reads null as the empty struct: the member is there all the same.
  for (const key of Object.keys(fields)) fields[key] = new JsonObject(fields[key] ?? {}, `${path}[${JSON.stringify(key)}]`).fields
  return fields as Readonly<Record<string, object>>
}
