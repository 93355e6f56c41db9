// Checks a profile that came from outside. An unknown key is refused: a misspelt `args` would open the whole call.
import { FormatError } from '../../core/errors.js'
import { returnValue, severity } from './actions.js'
import { isFilterFlag } from './flags.js'
import { isSyscallName } from './numbers.js'
import type { SeccompAction, SeccompProfile } from './profile.js'

const ACTIONS: readonly string[] = [
  'SCMP_ACT_KILL',
  'SCMP_ACT_KILL_THREAD',
  'SCMP_ACT_KILL_PROCESS',
  'SCMP_ACT_TRAP',
  'SCMP_ACT_ERRNO',
  'SCMP_ACT_TRACE',
  'SCMP_ACT_ALLOW',
  'SCMP_ACT_LOG',
  'SCMP_ACT_NOTIFY',
]
const OPERATORS: readonly string[] = ['NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ'].map((name) => `SCMP_CMP_${name}`)
const ARGUMENT_MAX = (1n << 64n) - 1n

type Check = (value: unknown, path: string) => void

function fail(path: string, message: string): never {
  throw new FormatError(message, { jsonPath: path })
}

const text: Check = (value, path) => {
  if (typeof value !== 'string') fail(path, 'must be a string')
}

const oneOf =
  (allowed: readonly string[]): Check =>
  (value, path) => {
    if (typeof value !== 'string' || !allowed.includes(value)) fail(path, `must be one of ${allowed.join(', ')}`)
  }

const integer =
  (min: number, max: number): Check =>
  (value, path) => {
    if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max)
      fail(path, `must be an integer from ${min} to ${max}`)
  }

const unsigned64: Check = (value, path) => {
  if (typeof value === 'bigint' ? value < 0n || value > ARGUMENT_MAX : !Number.isSafeInteger(value) || (value as number) < 0) {
    fail(path, 'must be an unsigned 64-bit integer (a bigint past 2^53)')
  }
}

const listOf =
  (check: Check): Check =>
  (value, path) => {
    if (!Array.isArray(value)) fail(path, 'must be an array')
    for (const [index, item] of value.entries()) check(item, `${path}[${index}]`)
  }

const recordOf =
  (keys: Record<string, Check>, required: readonly string[] = []): Check =>
  (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(path, 'must be an object')
    for (const key of required) if (!Object.hasOwn(value, key)) fail(`${path}.${key}`, 'is missing')
    for (const [key, item] of Object.entries(value)) {
      const check = Object.hasOwn(keys, key) ? keys[key] : undefined
      if (check === undefined) fail(`${path}.${key}`, `is unknown (known: ${Object.keys(keys).join(', ')})`)
      if (item !== undefined || required.includes(key)) check(item, `${path}.${key}`)
    }
  }

// Go writes an empty list as null.
const nullable =
  (check: Check): Check =>
  (value, path) => {
    if (value !== null) check(value, path)
  }

const names: Check = (value, path) => {
  listOf(text)(value, path)
  if ((value as string[]).length === 0) fail(path, 'must not be empty')
}

const minKernel: Check = (value, path) => {
  if (typeof value !== 'string' || !/^\d+\.\d+/.test(value)) fail(path, "must be a kernel version such as '4.8'")
}

const conditions = recordOf({ caps: nullable(listOf(text)), arches: nullable(listOf(text)), minKernel })
const argument = recordOf({ index: integer(0, 5), value: unsigned64, valueTwo: unsigned64, op: oneOf(OPERATORS) }, ['index', 'value', 'op'])
// MAX_ERRNO of the kernel is 4095; 0 would let the call seem to succeed.
const errno = nullable(integer(1, 4095))
const rule = recordOf(
  {
    names,
    action: oneOf(ACTIONS),
    errnoRet: errno,
    args: nullable(listOf(argument)),
    includes: nullable(conditions),
    excludes: nullable(conditions),
    comment: text,
  },
  ['names', 'action'],
)
const flag: Check = (value, path) => {
  if (typeof value !== 'string' || !isFilterFlag(value)) fail(path, 'is not a filter flag that stratabox knows')
}
const profile = recordOf(
  {
    defaultAction: oneOf(ACTIONS),
    defaultErrnoRet: errno,
    architectures: nullable(listOf(text)),
    archMap: nullable(listOf(recordOf({ architecture: text, subArchitectures: nullable(listOf(text)) }, ['architecture']))),
    flags: nullable(listOf(flag)),
    listenerPath: text,
    listenerMetadata: text,
    syscalls: nullable(listOf(rule)),
  },
  ['defaultAction'],
)

// In a rule that is stricter than the default, a name that no table has would stay open: a typing error, or a call newer than the tables.
function refuseUnknownDenials(checked: SeccompProfile): void {
  const strictness = (action: SeccompAction) => severity(returnValue(action, 0))
  for (const [index, { names: of, action }] of (checked.syscalls ?? []).entries()) {
    if (strictness(action) >= strictness(checked.defaultAction)) continue
    for (const [at, name] of of.entries()) {
      if (!isSyscallName(name)) fail(`$.syscalls[${index}].names[${at}]`, `unknown system call '${name}', which would stay allowed`)
    }
  }
}

/** `value` as a profile, the same object. @throws FormatError with the JSON path of what is wrong */
export function parseSeccompProfile(value: unknown): SeccompProfile {
  profile(value, '$')
  refuseUnknownDenials(value as SeccompProfile)
  return value as SeccompProfile
}
