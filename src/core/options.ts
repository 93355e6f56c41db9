// Checks for option objects: an unknown key is named, undefined counts as absent.

/** @throws TypeError that names the first key of `options` that is not in `known` */
export function rejectUnknown(options: object, known: readonly string[], of: string): void {
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) throw new TypeError(`${of}: unknown option '${key}' (known: ${known.join(', ')})`)
  }
}

/** @throws TypeError unless `options` is an object (or undefined, which gives an empty one) */
export function optionsObject<T extends object>(options: T | undefined, of: string): T {
  if (options === undefined) return {} as T
  if (typeof options !== 'object' || options === null || Array.isArray(options)) throw new TypeError(`${of}: options must be an object`)
  return options
}

/** An integer in a range, or undefined. @throws RangeError | TypeError that names the option */
export function integerOption(value: unknown, name: string, min: number, max: number = Number.MAX_SAFE_INTEGER): number | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number, not ${typeof value}`)
  if (!Number.isSafeInteger(value) || value < min || value > max)
    throw new RangeError(`${name} must be an integer from ${min} to ${max}, not ${value}`)
  return value
}

/** A string without NUL, or undefined. @throws TypeError that names the option */
export function stringOption(value: unknown, name: string): string | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string, not ${value === null ? 'null' : typeof value}`)
  if (value.includes('\0')) throw new TypeError(`${name} must not hold NUL`)
  return value
}
