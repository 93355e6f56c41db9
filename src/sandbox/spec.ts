// Options in, one frozen specification out: every default filled, everything checked. Below this nobody asks what a missing option means.
import { integerOption, optionsObject, rejectUnknown, signalOption, stringOption, UnsupportedError } from '../core/index.js'
import { capabilityName, defaultCapabilities } from './capabilities.js'
import { checkMounts } from './mount-options.js'
import { platform } from './platform.js'
import { defaultProfile, parseSeccompProfile, refuseUnanswered, type SeccompProfile } from './seccomp/index.js'
import { checkTerminal } from './terminal-size.js'
import type { BaseSandboxOptions, Command, Env, Limits, Mount, RunOptions, TerminalSize } from './types.js'

const MIB = 2 ** 20
const GIB = 2 ** 30

/** A user as asked for: ids, or a string to be looked up in the sandbox's own files. */
export type UserSpec = string | { readonly uid: number; readonly gid: number }

/** Everything a backend needs but the root. */
export interface SandboxSpec {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string | undefined
  readonly user: UserSpec | undefined
  readonly hostname: string
  readonly mounts: readonly (readonly [path: string, mount: Mount])[]
  readonly scratch: 'memory' | 'disk'
  readonly network: 'none' | 'host'
  /** Whether the caller named it, or it is the default. */
  readonly isNetworkAsked: boolean
  readonly limits: Limits
  /** Bytes of the tmpfs that writes go to. */
  readonly scratchMaxBytes: number
  readonly capabilities: readonly string[]
  readonly seccomp: SeccompProfile | undefined
  readonly onUnenforceable: 'refuse' | 'degrade'
}

const OPTIONS = [
  'env',
  'cwd',
  'user',
  'hostname',
  'mounts',
  'scratch',
  'network',
  'limits',
  'capabilities',
  'seccomp',
  'isolation',
  'onUnenforceable',
  'signal',
]
const LIMITS = [
  'memoryMaxBytes',
  'swapMaxBytes',
  'cpusMax',
  'cpuWeight',
  'pidsMax',
  'ioMax',
  'diskMaxBytes',
  'fileSizeMaxBytes',
  'openFilesMax',
  'lifetimeMaxMs',
]
/** What `run` and `spawn` take. */
export const RUN_OPTIONS: readonly string[] = [
  'env',
  'cwd',
  'user',
  'stderr',
  'pty',
  'entrypoint',
  'timeoutMs',
  'maxOutputBytes',
  'encoding',
  'input',
  'reject',
  'signal',
]
// Linux's own bound (__NEW_UTS_LEN) and what RFC 1123 allows in a name.
const HOSTNAME = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,62}[A-Za-z0-9])?$/
const ID_MAX = 2 ** 32 - 2
const TIMER_MAX_MS = 2 ** 31 - 1

function oneOf<T extends string>(value: unknown, name: string, allowed: readonly T[], fallback: T): T {
  if (value === undefined) return fallback
  if (!allowed.includes(value as T))
    throw new TypeError(`${name} must be one of ${allowed.map((one) => `'${one}'`).join(', ')}, not ${JSON.stringify(value)}`)
  return value as T
}

/** Environment as given: names and values checked. @throws TypeError that names the variable */
export function checkEnv(env: Env | undefined): Readonly<Record<string, string | undefined>> {
  const checked = optionsObject(env, 'env')
  for (const [name, value] of Object.entries(checked)) {
    if (name === '' || name.includes('=') || name.includes('\0')) throw new TypeError(`env: not a variable's name: ${JSON.stringify(name)}`)
    stringOption(value, `env.${name}`)
  }
  return checked
}

/** @throws TypeError | RangeError that names the option */
export function checkUser(user: unknown): UserSpec | undefined {
  if (user === undefined) return undefined
  if (typeof user === 'string') {
    if (user === '') throw new TypeError("user must be 'name', 'uid', 'name:group' or 'uid:gid', not ''")
    return stringOption(user, 'user')
  }
  if (typeof user !== 'object' || user === null) throw new TypeError('user must be a string or { uid, gid }')
  rejectUnknown(user, ['uid', 'gid'], 'user')
  const { uid, gid } = user as { uid?: unknown; gid?: unknown }
  const ids = { uid: integerOption(uid, 'user.uid', 0, ID_MAX), gid: integerOption(gid, 'user.gid', 0, ID_MAX) }
  if (ids.uid === undefined || ids.gid === undefined) throw new TypeError('user must have both uid and gid')
  return { uid: ids.uid, gid: ids.gid }
}

function checkCwd(cwd: unknown): string | undefined {
  const path = stringOption(cwd, 'cwd')
  if (path !== undefined && !platform.isAbsolute(path))
    throw new TypeError(`cwd must be an absolute path inside the sandbox, not ${JSON.stringify(path)}`)
  return path
}

const IO_RATES = ['readBytesPerSecondMax', 'writeBytesPerSecondMax', 'readOpsPerSecondMax', 'writeOpsPerSecondMax'] as const

function checkIoMax(ioMax: Limits['ioMax']): void {
  if (ioMax === undefined) return
  if (!Array.isArray(ioMax)) throw new TypeError('limits.ioMax must be an array')
  for (const [k, limit] of ioMax.entries()) {
    const of = `limits.ioMax[${k}]`
    const given = optionsObject(limit, of)
    rejectUnknown(given, ['device', ...IO_RATES], of)
    if (stringOption(given.device, `${of}.device`) === undefined || given.device === '')
      throw new TypeError(`${of}.device must be 'major:minor' or a path`)
    // v1 keeps operations in 32 bits.
    for (const rate of IO_RATES) integerOption(given[rate], `${of}.${rate}`, 1, rate.includes('Ops') ? 2 ** 32 - 1 : undefined)
    if (IO_RATES.every((rate) => given[rate] === undefined)) throw new TypeError(`${of} must have at least one of ${IO_RATES.join(', ')}`)
  }
}

function checkLimits(options: Limits | undefined): Limits {
  const limits = optionsObject(options, 'limits')
  rejectUnknown(limits, LIMITS, 'limits')
  integerOption(limits.memoryMaxBytes, 'limits.memoryMaxBytes', MIB)
  integerOption(limits.swapMaxBytes, 'limits.swapMaxBytes', 0)
  integerOption(limits.cpuWeight, 'limits.cpuWeight', 1, 10_000)
  integerOption(limits.pidsMax, 'limits.pidsMax', 1, 4_194_304)
  integerOption(limits.diskMaxBytes, 'limits.diskMaxBytes', 64 * 1024)
  integerOption(limits.fileSizeMaxBytes, 'limits.fileSizeMaxBytes', 0)
  integerOption(limits.openFilesMax, 'limits.openFilesMax', 4, 1_048_576)
  integerOption(limits.lifetimeMaxMs, 'limits.lifetimeMaxMs', 1, TIMER_MAX_MS)
  const { cpusMax } = limits
  if (cpusMax !== undefined && (typeof cpusMax !== 'number' || !(cpusMax >= 0.01 && cpusMax <= 10_000)))
    throw new RangeError(`limits.cpusMax must be a number of cores from 0.01 to 10000, not ${String(cpusMax)}`)
  checkIoMax(limits.ioMax)
  return limits
}

function checkNetwork(network: BaseSandboxOptions['network']): 'none' | 'host' {
  if (typeof network === 'object' && network !== null)
    throw new UnsupportedError('network: rules for single hosts are not supported yet', { remedy: "use network: 'none' or 'host'" })
  return oneOf(network, 'network', ['none', 'host'], 'none')
}

function checkSeccomp(seccomp: BaseSandboxOptions['seccomp']): SeccompProfile | undefined {
  if (seccomp === undefined || seccomp === 'default') return defaultProfile
  if (seccomp === 'unconfined') return undefined
  if (typeof seccomp !== 'object') throw new TypeError("seccomp must be 'default', 'unconfined' or a profile")
  const profile = parseSeccompProfile(seccomp)
  refuseUnanswered(profile)
  return profile
}

/** The whole specification. @throws TypeError, RangeError or UnsupportedError that names the option */
export function normalize(options: BaseSandboxOptions): SandboxSpec {
  rejectUnknown(options, OPTIONS, 'Sandbox')
  const other = platform.isolation === 'job' ? 'namespaces' : 'job'
  if (options.isolation === other)
    throw new UnsupportedError(`isolation: '${other}' is for ${other === 'job' ? 'Windows' : 'Linux'}`, { remedy: 'leave isolation out' })
  if (options.isolation === 'none')
    throw new UnsupportedError("isolation: 'none' is not supported yet", { remedy: 'use node:child_process' })
  oneOf(options.isolation, 'isolation', [platform.isolation], platform.isolation)
  const hostname = stringOption(options.hostname, 'hostname') ?? 'sandbox'
  if (!HOSTNAME.test(hostname))
    throw new TypeError(`hostname must be letters, digits, '-' and '.', at most 64, not ${JSON.stringify(hostname.slice(0, 100))}`)
  const limits = checkLimits(options.limits)
  const capabilities = options.capabilities ?? defaultCapabilities
  if (!Array.isArray(capabilities)) throw new TypeError('capabilities must be an array of names')
  const half = limits.memoryMaxBytes === undefined ? GIB : Math.floor(limits.memoryMaxBytes / 2)
  return Object.freeze({
    env: checkEnv(options.env),
    cwd: checkCwd(options.cwd),
    user: checkUser(options.user),
    hostname,
    mounts: checkMounts(options.mounts),
    scratch: oneOf(options.scratch, 'scratch', ['memory', 'disk'], 'memory'),
    network: checkNetwork(options.network),
    isNetworkAsked: options.network !== undefined,
    limits,
    scratchMaxBytes: limits.diskMaxBytes ?? Math.min(GIB, half),
    capabilities: capabilities === defaultCapabilities ? defaultCapabilities : capabilities.map(capabilityName),
    seccomp: checkSeccomp(options.seccomp),
    onUnenforceable: oneOf(options.onUnenforceable, 'onUnenforceable', ['refuse', 'degrade'], 'refuse'),
  })
}

/** One command's options, checked and complete. */
export interface CommandSpec {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string | undefined
  readonly user: UserSpec | undefined
  readonly mergeStderr: boolean
  /** The size of its terminal; undefined: it has none. */
  readonly terminal: TerminalSize | undefined
  readonly entrypoint: boolean
  readonly timeoutMs: number | undefined
  readonly maxOutputBytes: number
  readonly encoding: 'utf8' | 'buffer'
  readonly input: RunOptions['input']
  readonly reject: boolean
  readonly signal: AbortSignal | undefined
}

function checkInput(input: unknown): RunOptions['input'] {
  const isIterable = typeof input === 'object' && input !== null && (Symbol.asyncIterator in input || input instanceof Uint8Array)
  if (input === undefined || typeof input === 'string' || isIterable) return input as RunOptions['input']
  throw new TypeError('input must be a string, bytes, a stream or an async iterable of bytes')
}

/** @throws TypeError | RangeError that names the option */
export function normalizeRun(options: RunOptions | undefined): CommandSpec {
  const given = optionsObject(options, 'run')
  rejectUnknown(given, RUN_OPTIONS, 'run')
  signalOption(given.signal, 'run')
  const isMerged = oneOf(given.stderr, 'stderr', ['merge'], undefined as never) === 'merge'
  const terminal = checkTerminal(given.pty)
  return {
    env: checkEnv(given.env),
    cwd: checkCwd(given.cwd),
    user: checkUser(given.user),
    // A terminal is one stream for all that is written to it.
    mergeStderr: isMerged || terminal !== undefined,
    terminal,
    entrypoint: given.entrypoint === true,
    timeoutMs: integerOption(given.timeoutMs, 'timeoutMs', 1, TIMER_MAX_MS),
    maxOutputBytes: integerOption(given.maxOutputBytes, 'maxOutputBytes', 0) ?? 16 * MIB,
    encoding: oneOf(given.encoding, 'encoding', ['utf8', 'buffer'], 'utf8'),
    input: checkInput(given.input),
    reject: given.reject === true,
    signal: given.signal,
  }
}

/** The arguments of a command; a string goes to the shell. @throws TypeError for none, or one with NUL */
export function commandArguments(command: Command): readonly string[] {
  if (typeof command === 'string') {
    stringOption(command, 'command')
    return platform.shell(command)
  }
  if (!Array.isArray(command)) throw new TypeError('command must be an array of strings, or a string for the shell')
  if (command.length === 0) throw new TypeError('command must not be empty')
  for (const [k, argument] of command.entries()) {
    if (typeof argument !== 'string')
      throw new TypeError(`command[${k}] must be a string, not ${argument === null ? 'null' : typeof argument}`)
    stringOption(argument, `command[${k}]`)
  }
  if (command[0] === '') throw new TypeError('command[0] must not be empty')
  return command
}
