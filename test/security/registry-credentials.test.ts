// CVE-2019-10214, CVE-2020-15157, CVE-2026-33540: credentials for a registry that reach somebody else.
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RegistryError } from '../../src/core/index.js'
import { blob, clientOf, digestOfAll, registryFor } from '../registry/support/registry.js'

const auth = { username: 'someone', password: 'S3cret' }
let seen: IncomingHttpHeaders[] = []
let status = 200
let body: Uint8Array = new Uint8Array()
const elsewhere = createServer((request, response) => {
  seen.push(request.headers)
  const challenge: Record<string, string> = status === 401 ? { 'www-authenticate': 'Basic realm="give"' } : {}
  response.writeHead(status, challenge).end(body)
})
let place = ''
beforeEach(async () => {
  seen = []
  status = 200
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve))
  place = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`
})
afterEach(() => new Promise((resolve) => elsewhere.close(resolve)))

const isBlob = ({ path, method }: { path: string; method: string }) => method === 'GET' && path.includes('/blobs/sha256')

describe.each([false, true])('with tokens: %s', (useTokens) => {
  it('a blob that lies elsewhere is fetched without them', async () => {
    const registry = await registryFor({ auth: { ...auth, useTokens } })
    const sent = blob('content')
    const client = clientOf(registry, { auth })
    await client.uploadBlob('a', sent)
    body = sent.bytes
    registry.inject({ kind: 'redirect', to: `${place}/blob`, on: isBlob })
    expect(await digestOfAll(client.blob('a', sent))).toBe(sent.digest)
    expect(seen).toHaveLength(1)
    expect(seen[0]!.authorization).toBeUndefined()
  })

  it('a 401 from where a redirect led is not answered', async () => {
    const registry = await registryFor({ auth: { ...auth, useTokens } })
    const sent = blob('content')
    const client = clientOf(registry, { auth })
    await client.uploadBlob('a', sent)
    status = 401
    registry.inject({ kind: 'redirect', to: `${place}/blob`, on: isBlob })
    await expect(digestOfAll(client.blob('a', sent))).rejects.toMatchObject({ code: 'ERR_REGISTRY', status: 401 })
    expect(seen.map(({ authorization }) => authorization)).toEqual([undefined])
  })

  it('an upload that is sent elsewhere goes without them', async () => {
    const registry = await registryFor({ auth: { ...auth, useTokens } })
    registry.inject({ kind: 'redirect', to: `${place}/upload`, on: ({ method }) => method === 'PUT' })
    status = 201
    await clientOf(registry, { auth }).uploadBlob('a', blob('content'))
    expect(seen.map(({ authorization }) => authorization)).toEqual([undefined])
  })
})

it('a token server on another host is asked without them, and the error says how to trust it', async () => {
  const realm = place.replace('127.0.0.1', 'localhost')
  const registry = await registryFor({ auth: { ...auth, useTokens: true, realm } })
  status = 401
  const error = await clientOf(registry, { auth })
    .ping()
    .catch((failure) => failure)
  expect(error).toMatchObject({ code: 'ERR_REGISTRY', status: 401 })
  expect(error.message).toMatch(/tokenHosts: \['localhost:\d+'\]/)
  expect(seen.map(({ authorization }) => authorization)).toEqual([undefined])
  await clientOf(registry, { auth, tokenHosts: [new URL(realm).host] })
    .ping()
    .catch(() => undefined)
  expect(seen.at(-1)!.authorization).toMatch(/^Basic /)
})

it('from https nothing leads to http: no redirect, no token server, no upload', async () => {
  const asked: string[] = []
  const answer = (headers: Record<string, string>, code: number) => async (url: string) => {
    asked.push(url)
    return url.endsWith('/v2/') && code !== 401 ? new Response('{}') : new Response('', { status: code, headers })
  }
  const headers = { location: 'http://registry.example/x', 'www-authenticate': 'Bearer realm="http://registry.example/token"' }
  for (const code of [401, 307, 202]) {
    const client = clientOf({ host: 'registry.example' }, { fetch: answer(headers, code), auth, plainHttp: false })
    const call = code === 202 ? client.uploadBlob('a', blob('x')) : client.manifest('a', 'one')
    await expect(call, `${code}`).rejects.toThrow(RegistryError)
  }
  expect(asked.filter((url) => !url.startsWith('https://registry.example/'))).toEqual([])
})

it('a host that is not this machine is not spoken to by plain http unless that is asked for', async () => {
  const asked: string[] = []
  const fetch = async (url: string): Promise<Response> => {
    asked.push(url)
    throw new TypeError('fetch failed')
  }
  for (const [host, insecure] of [
    ['registry.example', false],
    ['registry.example', true],
    ['localhost:1', false],
  ] as const) {
    await clientOf({ host }, { fetch, insecure, plainHttp: false, retry: { attempts: 1 } })
      .ping()
      .catch(() => undefined)
  }
  expect(asked).toEqual([
    'https://registry.example/v2/',
    'https://registry.example/v2/',
    'http://registry.example/v2/',
    'https://localhost:1/v2/',
    'http://localhost:1/v2/',
  ])
})
