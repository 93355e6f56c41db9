// Debian's docker-registry (distribution 2.8), started on loopback: open, with passwords, with TLS, with tokens.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { eventually } from '../../support/descendants.js'

const started: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of started.splice(0)) await stop()
})

/** Parts of its configuration file, in YAML. */
export interface DockerRegistryOptions {
  readonly auth?: string
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientCa?: string }
}

/** Starts one over a directory; it ends with the test. */
export async function dockerRegistry(directory: string, options: DockerRegistryOptions = {}): Promise<{ readonly host: string }> {
  const port = await freePort()
  mkdirSync(directory, { recursive: true })
  const { auth, tls } = options
  const clients = tls?.clientCa === undefined ? '' : `\n    clientcas: [${tls.clientCa}]`
  const config = `version: 0.1
log: { level: error, accesslog: { disabled: true } }
storage: { filesystem: { rootdirectory: ${directory}/data }, delete: { enabled: true } }
http:
  addr: 127.0.0.1:${port}${tls === undefined ? '' : `\n  tls:\n    certificate: ${tls.cert}\n    key: ${tls.key}${clients}`}
${auth === undefined ? '' : `auth:\n${auth}`}
`
  writeFileSync(join(directory, 'config.yml'), config)
  // It takes variables that begin with REGISTRY_ for parts of its configuration.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('REGISTRY_')))
  const child = spawn('docker-registry', ['serve', join(directory, 'config.yml')], { stdio: 'ignore', env })
  started.push(() => ended(child))
  const isUp = await eventually(() => answers(port))
  if (!isUp) throw new Error(`docker-registry did not start (exit code ${child.exitCode})`)
  return { host: `127.0.0.1:${port}` }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await exit
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createTcpServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

/** `auth` for a file with one user. */
export function htpasswd(directory: string, username: string, password: string): string {
  mkdirSync(directory, { recursive: true })
  const path = join(directory, 'htpasswd')
  writeFileSync(path, execFileSync('htpasswd', ['-nbB', username, password]))
  return `  htpasswd: { realm: test, path: ${path} }`
}

/** An authority of our own, and what it has certified: this machine, and a client. PEM files. */
export function certificates(directory: string): { ca: string; cert: string; key: string; clientCert: string; clientKey: string } {
  mkdirSync(directory, { recursive: true })
  const at = (name: string) => join(directory, name)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' })
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl('req', '-x509', ...curve, '-days', '2', '-subj', '/CN=test authority', '-keyout', at('ca.key'), '-out', at('ca.pem'))
  for (const name of ['server', 'client']) {
    openssl('req', ...curve, '-subj', `/CN=${name}`, '-keyout', at(`${name}.key`), '-out', at(`${name}.csr`))
    writeFileSync(at('names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost')
    const signed = ['x509', '-req', '-in', at(`${name}.csr`), '-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial']
    openssl(...signed, '-days', '2', '-extfile', at('names'), '-out', at(`${name}.pem`))
  }
  const [cert, key, clientCert, clientKey] = ['server.pem', 'server.key', 'client.pem', 'client.key'].map(at) as [
    string,
    string,
    string,
    string,
  ]
  return { ca: at('ca.pem'), cert, key, clientCert, clientKey }
}

/** A token server (distribution's "Token Authentication Specification"), and the `auth` of a registry that trusts it. */
export async function tokenServer(
  directory: string,
  username: string,
  password: string,
): Promise<{
  readonly auth: string
  readonly host: string
  readonly requests: { readonly url: string; readonly authorization: string | undefined }[]
}> {
  mkdirSync(directory, { recursive: true })
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const key = join(directory, 'token.key')
  const bundle = join(directory, 'token.pem')
  writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }))
  execFileSync('openssl', ['req', '-x509', '-new', '-key', key, '-days', '2', '-subj', '/CN=tokens', '-out', bundle], { stdio: 'pipe' })
  const requests: { url: string; authorization: string | undefined }[] = []
  const server = createServer((request, response) => {
    const { authorization } = request.headers
    const url = new URL(request.url ?? '/', 'http://tokens')
    requests.push({ url: request.url ?? '/', authorization })
    if (authorization !== `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`) {
      response.writeHead(401).end()
      return
    }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ token: jwt(url.searchParams, username, readFileSync(key)), expires_in: 300 }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  started.push(() => new Promise((resolve) => server.close(() => resolve())))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const realm = `http://${host}/token`
  return { requests, host, auth: `  token: { realm: "${realm}", service: test, issuer: tokens, rootcertbundle: ${bundle} }` }
}

function jwt(query: URLSearchParams, username: string, key: Buffer): string {
  const privateKey = createPrivateKey(key)
  const der = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  // libtrust's fingerprint: base 32 of the first 240 bits of the SHA-256, in groups of four.
  const kid = base32(createHash('sha256').update(der).digest().subarray(0, 30)).match(/.{4}/g)!.join(':')
  const now = Math.floor(Date.now() / 1000)
  const access = query.getAll('scope').map((scope) => {
    const [type, name, actions = ''] = scope.split(':')
    return { type, name, actions: actions.split(',') }
  })
  const claims = { iss: 'tokens', aud: query.get('service'), sub: username, iat: now, nbf: now - 10, exp: now + 300, jti: `${now}`, access }
  const text = [{ typ: 'JWT', alg: 'RS256', kid }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${text}.${sign('RSA-SHA256', Buffer.from(text), privateKey).toString('base64url')}`
}

function base32(bytes: Uint8Array): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('')
  return bits
    .match(/.{5}/g)!
    .map((five) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(five, 2)])
    .join('')
}
