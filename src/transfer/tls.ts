// Whom TLS trusts and what it shows: the system's authorities, others that the user names, a client certificate. Source: node:tls; Go's crypto/x509 for where systems keep roots.
import { readFile } from 'node:fs/promises'
import * as tls from 'node:tls'
import { StrataError } from '../core/index.js'

/** PEM text or bytes; or, for what is long, the absolute path of a PEM file. */
export type Pem = string | Uint8Array

/** TLS settings of one registry. */
export interface TlsSettings {
  /** Authorities besides the system's. */
  readonly ca?: Pem | readonly Pem[] | undefined
  /** A certificate of this client, and its key. */
  readonly cert?: Pem | undefined
  readonly key?: Pem | undefined
  /** Do not check the registry's certificate. */
  readonly insecure?: boolean | undefined
}

/** The first that is there counts; `$SSL_CERT_FILE` goes before all of them. */
const BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
]

/** Options of a TLS connection: to the registry itself, or to another host, which sees no client certificate and has to show a good one. */
export async function tlsOptions(
  settings: TlsSettings,
  isOwn: boolean,
): Promise<tls.SecureContextOptions & { rejectUnauthorized: boolean }> {
  const { ca, cert, key, insecure } = settings
  if ((cert === undefined) !== (key === undefined)) throw new TypeError('registries: cert and key go together')
  const extra = await Promise.all((ca === undefined ? [] : isList(ca) ? ca : [ca]).map((pem) => pemOf(pem, 'ca')))
  const own = isOwn && cert !== undefined && key !== undefined ? { cert: await pemOf(cert, 'cert'), key: await pemOf(key, 'key') } : {}
  return { ca: [...(await systemRoots()), ...extra], ...own, rejectUnauthorized: !(isOwn && insecure === true), minVersion: 'TLSv1.2' }
}

const isList = (ca: Pem | readonly Pem[]): ca is readonly Pem[] => Array.isArray(ca)

async function pemOf(pem: Pem, what: string): Promise<string> {
  if (pem instanceof Uint8Array) return Buffer.from(pem).toString('latin1')
  if (pem.includes('-----BEGIN')) return pem
  try {
    return await readFile(pem, 'latin1')
  } catch (cause) {
    const { code = 'EIO' } = cause as NodeJS.ErrnoException
    throw new StrataError(`registries: ${what} cannot be read: ${code}`, {
      code,
      remedy: 'give PEM text, or the path of a PEM file',
      cause,
    })
  }
}

/** What this system trusts, and `$NODE_EXTRA_CA_CERTS`; where it keeps no list of its own, Node's. */
async function systemRoots(): Promise<readonly string[]> {
  const named = [process.env['SSL_CERT_FILE'], ...BUNDLES].filter((path) => path !== undefined && path !== '')
  const added = process.env['NODE_EXTRA_CA_CERTS']
  const extra = added === undefined || added === '' ? [] : [(await readIfThere(added)) ?? '']
  for (const path of named) {
    const bundle = await readIfThere(path!)
    if (bundle !== undefined) return [bundle, ...extra]
  }
  // Node 22.15 and later can ask macOS and Windows.
  const { getCACertificates } = tls as { getCACertificates?: (kind: 'system') => readonly string[] }
  const system = getCACertificates?.('system') ?? []
  return [...(system.length > 0 ? system : tls.rootCertificates), ...extra]
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'latin1')
  } catch (error) {
    if (['ENOENT', 'EACCES', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}
