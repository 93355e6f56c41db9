// How each registry is reached: what users say for it, with checks.
import { optionsObject, rejectUnknown } from '../core/index.js'
import { checkAuth, endpointOf, type RegistryAuth } from '../registry/index.js'
import type { Pem, TlsSettings } from './tls.js'

/** Settings of one registry. */
export interface RegistrySettings extends TlsSettings {
  /** Asked first when something is pulled, in this order: `host[:port]`, with `http://` before it for plain HTTP. What they lack comes from the registry itself. */
  readonly mirrors?: readonly string[] | undefined
  /** Do not check its certificate, and use plain HTTP where it speaks no TLS. Default: false. */
  readonly insecure?: boolean | undefined
  /** Plain HTTP only. Default: only on loopback, and there only where no TLS is spoken. */
  readonly plainHttp?: boolean | undefined
  /** Default: what docker's and podman's configuration says. */
  readonly auth?: RegistryAuth | undefined
  /** Token servers on other hosts (`host`), or on other ports (`host:port`), that may see the credentials. */
  readonly tokenHosts?: readonly string[] | undefined
}

/** Settings by registry: `{ 'registry.example:5000': { ca } }`. */
export type RegistriesSettings = Readonly<Record<string, RegistrySettings>>

const KNOWN = ['mirrors', 'insecure', 'plainHttp', 'auth', 'tokenHosts', 'ca', 'cert', 'key'] as const

/** @throws TypeError that names what is wrong */
export function checkRegistries(registries: RegistriesSettings | undefined, of: string): RegistriesSettings {
  const given = optionsObject(registries, `${of}: registries`)
  for (const [host, settings] of Object.entries(given)) {
    const where = `${of}: registries['${host}']`
    if (!/^[^/\s]+$/.test(host)) throw new TypeError(`${where}: a registry is host[:port]`)
    rejectUnknown(optionsObject(settings, where), KNOWN, where)
    if (settings.auth !== undefined) checkAuth(settings.auth, `${where}: auth`)
    for (const flag of ['insecure', 'plainHttp'] as const)
      if (settings[flag] !== undefined && typeof settings[flag] !== 'boolean') throw new TypeError(`${where}: ${flag} must be a boolean`)
    for (const list of ['mirrors', 'tokenHosts'] as const)
      if (settings[list] !== undefined && !isTexts(settings[list])) throw new TypeError(`${where}: ${list} must be an array of strings`)
    if ((settings.cert === undefined) !== (settings.key === undefined)) throw new TypeError(`${where}: cert and key go together`)
    for (const pem of [settings.ca].flat().concat([settings.cert, settings.key])) checkPem(pem, where)
  }
  return given
}

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((each) => typeof each === 'string' && each !== '')

function checkPem(pem: Pem | readonly Pem[] | undefined, where: string): void {
  if (pem === undefined || typeof pem === 'string' || pem instanceof Uint8Array) return
  throw new TypeError(`${where}: ca, cert and key must be PEM text, bytes or paths`)
}

/** The settings of a registry, under its own name or that of its API. */
export const settingsFor = (registries: RegistriesSettings, registry: string): RegistrySettings =>
  registries[registry] ?? registries[endpointOf(registry)] ?? {}
