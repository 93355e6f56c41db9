// Options in, one frozen specification out: every default filled, everything checked. Below this nobody asks what a missing option means.
import { rejectUnknown, stringOption, UnsupportedError } from '../core/index.js'
import { capabilityName, defaultCapabilities } from './capabilities.js'
import { checkLimits } from './limit-options.js'
import { checkMounts } from './mount-options.js'
import { checkCwd, checkEnv, checkUser, oneOf, type UserSpec } from './option-checks.js'
import { platform } from './platform.js'
import { defaultProfile, parseSeccompProfile, refuseUnanswered, type SeccompProfile } from './seccomp/index.js'
import type { BaseSandboxOptions, Limits, Mount } from './types.js'

const GIB = 2 ** 30

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

const HOSTNAME = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,62}[A-Za-z0-9])?$/

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
