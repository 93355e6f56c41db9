// What a profile says about each system call, with names, capabilities and kernel settled. Rules of precedence: profile.ts, SeccompRule.
import { ERRNO } from '../../core/errno.js'
import { returnValue, severity } from './actions.js'
import type { SeccompArch, SeccompArgument, SeccompFilterConditions, SeccompProfile, SeccompRule } from './profile.js'

/** One way to match: every comparison holds. */
export interface Clause {
  readonly args: readonly SeccompArgument[]
  readonly value: number
}

/** What happens to one call: the first clause that matches, else `otherwise`. Both are return values of the filter. */
export interface Behaviour {
  readonly clauses: readonly Clause[]
  readonly otherwise: number
}

/** What rules may ask about the sandbox. */
export interface Circumstances {
  readonly arch: SeccompArch
  /** In full, such as `CAP_CHOWN`. */
  readonly capabilities: ReadonlySet<string>
  /** Release of the kernel; undefined: every `minKernel` holds. */
  readonly kernel: string | undefined
}

const ARCH_NAMES: Record<SeccompArch, readonly string[]> = { x64: ['amd64', 'x86_64'], arm64: ['arm64', 'aarch64'] }

function isAtLeast(kernel: string | undefined, wanted: string): boolean {
  if (kernel === undefined) return true
  const numbers = (release: string) => release.split(/[.-]/, 2).map((part) => Number.parseInt(part, 10) || 0)
  const [major = 0, minor = 0] = numbers(kernel)
  const [wantedMajor = 0, wantedMinor = 0] = numbers(wanted)
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)
}

const fullName = (capability: string) => {
  const upper = capability.toUpperCase()
  return upper.startsWith('CAP_') ? upper : `CAP_${upper}`
}

const hasArch = (names: readonly string[], arch: SeccompArch) => names.some((name) => ARCH_NAMES[arch].includes(name))

function applies(rule: SeccompRule, at: Circumstances): boolean {
  const includes: SeccompFilterConditions = rule.includes ?? {}
  const excludes: SeccompFilterConditions = rule.excludes ?? {}
  if (excludes.caps?.some((name) => at.capabilities.has(fullName(name))) === true) return false
  if (hasArch(excludes.arches ?? [], at.arch)) return false
  if (excludes.minKernel !== undefined && isAtLeast(at.kernel, excludes.minKernel)) return false
  if (includes.caps?.every((name) => at.capabilities.has(fullName(name))) === false) return false
  const arches = includes.arches ?? []
  if (arches.length > 0 && !hasArch(arches, at.arch)) return false
  return includes.minKernel === undefined || isAtLeast(at.kernel, includes.minKernel)
}

function clausesOf(rule: SeccompRule): Clause[] {
  const args = rule.args ?? []
  const value = returnValue(rule.action, rule.errnoRet ?? ERRNO.EPERM)
  const repeats = new Set(args.map((argument) => argument.index)).size < args.length
  return repeats ? args.map((argument) => ({ args: [argument], value })) : [{ args, value }]
}

function settle(clauses: readonly Clause[], defaultValue: number): Behaviour {
  // Array.prototype.sort is stable: equally strict rules keep the profile's order.
  const ordered = [...clauses].sort((a, b) => severity(a.value) - severity(b.value))
  const always = ordered.findIndex((clause) => clause.args.length === 0)
  const otherwise = always === -1 ? defaultValue : (ordered[always] as Clause).value
  const conditional = always === -1 ? ordered : ordered.slice(0, always)
  while (conditional.at(-1)?.value === otherwise) conditional.pop()
  return { clauses: conditional, otherwise }
}

/** The return value for calls that no rule names. */
export const defaultValueOf = (profile: SeccompProfile): number =>
  returnValue(profile.defaultAction, profile.defaultErrnoRet ?? ERRNO.EPERM)

/** The behaviour of every call that some rule names, by number. */
export function behavioursOf(profile: SeccompProfile, numbers: ReadonlyMap<string, number>, at: Circumstances): Map<number, Behaviour> {
  const clauses = new Map<number, Clause[]>()
  for (const rule of profile.syscalls ?? []) {
    if (!applies(rule, at)) continue
    const added = clausesOf(rule)
    for (const name of rule.names) {
      const number = numbers.get(name)
      if (number !== undefined) clauses.set(number, [...(clauses.get(number) ?? []), ...added])
    }
  }
  const defaultValue = defaultValueOf(profile)
  return new Map([...clauses].map(([number, of]) => [number, settle(of, defaultValue)]))
}
