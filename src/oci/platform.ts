// Platforms. Source: image-spec image-index.md "platform"; short forms as containerd's platforms package normalizes them.
import { FormatError } from '../core/index.js'
import { asArray, asString, JsonObject } from './decode.js'
import { runsOnWindows } from './windows-version.js'

/** What an image runs on, as an object. */
export interface PlatformObject {
  /** As Go's GOOS: `linux`, `windows` … */
  readonly os: string
  /** As Go's GOARCH: `amd64`, `arm64`, `arm` … */
  readonly architecture: string
  /** Of the CPU: `v7`, `v8` … Default: `v7` for arm; arm64's `v8` is the same as none. */
  readonly variant?: string | undefined
  /** Version of the operating system, such as `10.0.20348.2700`. */
  readonly osVersion?: string | undefined
  /** What the operating system must have (an image) or has (a host), such as `win32k`. Default: not known, and not compared. */
  readonly osFeatures?: readonly string[] | undefined
}

/** `os/architecture` or `os/architecture/variant`, or the same as an object. */
export type Platform = `${string}/${string}` | PlatformObject

/** The platform field of a descriptor, as it stands in JSON. */
export interface DescriptorPlatform {
  readonly architecture: string
  readonly os: string
  readonly 'os.version'?: string
  readonly 'os.features'?: readonly string[]
  readonly variant?: string
}

const ARCHITECTURES: ReadonlyMap<string, readonly [string, string?]> = new Map([
  ['x86_64', ['amd64']],
  ['x86-64', ['amd64']],
  ['x64', ['amd64']],
  ['i386', ['386']],
  ['ia32', ['386']],
  ['aarch64', ['arm64']],
  ['armhf', ['arm', 'v7']],
  ['armel', ['arm', 'v6']],
])

/** A platform in normal form: aliases resolved, arm's default variant filled in, arm64's left out. @throws TypeError for anything else than two or three parts */
export function parsePlatform(platform: Platform): PlatformObject {
  const { os, architecture, variant, osVersion, osFeatures } = typeof platform === 'string' ? split(platform) : platform
  if (typeof os !== 'string' || typeof architecture !== 'string' || os === '' || architecture === '') {
    throw new TypeError(`platform: os and architecture are needed: ${JSON.stringify(platform)}`)
  }
  const lower = architecture.toLowerCase()
  const [name, implied] = ARCHITECTURES.get(lower) ?? [lower]
  const kind = normalVariant(name, variant?.toLowerCase() || implied)
  return {
    os: os.toLowerCase(),
    architecture: name,
    ...(kind === undefined ? {} : { variant: kind }),
    ...(osVersion === undefined || osVersion === '' ? {} : { osVersion }),
    ...(osFeatures === undefined || osFeatures.length === 0 ? {} : { osFeatures: [...osFeatures].sort() }),
  }
}

function split(text: string): PlatformObject {
  const [os = '', architecture = '', variant, ...more] = text.split('/')
  if (more.length > 0 || variant === '') throw new TypeError(`platform: not os/architecture[/variant]: ${JSON.stringify(text)}`)
  return { os, architecture, variant }
}

function normalVariant(architecture: string, variant: string | undefined): string | undefined {
  const named = variant !== undefined && /^\d+$/.test(variant) ? `v${variant}` : variant
  if (architecture === 'arm') return named ?? 'v7'
  if (architecture === 'arm64' && named === 'v8') return undefined
  if (architecture === 'amd64' && named === 'v1') return undefined
  return named
}

/** `os/architecture[/variant]` in normal form. */
export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant } = parsePlatform(platform)
  return variant === undefined ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`
}

/** Whether something made for `offered` is what `wanted` asks for. Versions and features of the operating system matter only where both name them: the
 *  version of `wanted` must run that of `offered` (Windows: see runsOnWindows; elsewhere the first three parts must agree), and have all its features. */
export function matchesPlatform(offered: Platform, wanted: Platform): boolean {
  const a = parsePlatform(offered)
  const b = parsePlatform(wanted)
  return a.os === b.os && a.architecture === b.architecture && a.variant === b.variant && versionFits(a, b) && featuresFit(a, b)
}

function versionFits({ os, osVersion: offered }: PlatformObject, { osVersion: wanted }: PlatformObject): boolean {
  if (offered === undefined || wanted === undefined) return true
  if (os === 'windows') return runsOnWindows(offered, wanted)
  return offered.split('.').slice(0, 3).join('.') === wanted.split('.').slice(0, 3).join('.')
}

const featuresFit = ({ osFeatures: needed = [] }: PlatformObject, { osFeatures: present }: PlatformObject): boolean =>
  present === undefined || needed.every((feature) => present.includes(feature))

/** The object of a descriptor's platform field. */
export const platformOf = (field: DescriptorPlatform): PlatformObject =>
  parsePlatform({
    os: field.os,
    architecture: field.architecture,
    variant: field.variant,
    osVersion: field['os.version'],
    osFeatures: field['os.features'],
  })

/** A descriptor's platform field for a platform. */
export function descriptorPlatform(platform: Platform): DescriptorPlatform {
  const { os, architecture, variant, osVersion, osFeatures } = parsePlatform(platform)
  return {
    architecture,
    os,
    ...(variant === undefined ? {} : { variant }),
    ...(osVersion === undefined ? {} : { 'os.version': osVersion }),
    ...(osFeatures === undefined ? {} : { 'os.features': osFeatures }),
  }
}

/** @throws FormatError unless os and architecture are non-empty strings and the rest is well typed */
export function decodePlatform(value: unknown, path: string): DescriptorPlatform {
  const object = new JsonObject(value, path)
  for (const key of ['os', 'architecture']) {
    if (object.required(key, asString) === '') throw new FormatError('must not be empty', { jsonPath: object.at(key) })
  }
  object.optional('os.version', asString)
  object.optional('os.features', asArray(asString))
  object.optional('variant', asString)
  return object.fields as unknown as DescriptorPlatform
}
