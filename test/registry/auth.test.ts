import { describe, expect, it } from 'vitest'
import { RegistryError } from '../../src/core/index.js'
import { parseChallenges } from '../../src/registry/auth/challenge.js'
import { mayShowCredentials, tokenServer } from '../../src/registry/auth/realm.js'
import type { RegistryAuth } from '../../src/registry/index.js'
import { all, blob, clientOf, digestOfAll, pushArtifact, registryFor } from './support/registry.js'

const auth = { username: 'someone', password: 'S3cret:pässwörd' }

describe('a registry with passwords', () => {
  it('opens to the right one, which it sees after it has asked', async () => {
    const registry = await registryFor({ auth })
    const sent = blob('x')
    await clientOf(registry, { auth }).uploadBlob('a', sent)
    expect(await digestOfAll(clientOf(registry, { auth }).blob('a', sent))).toBe(sent.digest)
    expect(registry.requests[0]!.headers.authorization).toBeUndefined()
    expect(registry.requests.filter(({ status }) => status === 401)).toHaveLength(2)
  })

  it.each<[string, RegistryAuth | undefined]>([
    ['nobody', undefined],
    ['a wrong password', { username: 'someone', password: 'Wr0ng' }],
    ['a token that it does not know', { token: 'S3cretToken' }],
  ])('stays closed to %s, with an error that does not tell the secret', async (_, wrong) => {
    const registry = await registryFor({ auth })
    const error = await clientOf(registry, { auth: wrong })
      .ping()
      .catch((failure) => failure)
    expect(error).toBeInstanceOf(RegistryError)
    expect(error).toMatchObject({ status: 401, codes: ['UNAUTHORIZED'] })
    expect(`${error.message}${error.stack}${JSON.stringify(error)}`).not.toMatch(/Wr0ng|S3cret|c29tZW9uZ/)
    expect(registry.requests.length).toBeLessThan(5)
  })
})

describe('a registry with tokens', () => {
  it('gets one for each kind of access, and uses it as long as it lasts', async () => {
    const registry = await registryFor({ auth: { ...auth, useTokens: true } })
    const client = clientOf(registry, { auth })
    await pushArtifact(client, 'a', 'one')
    await client.manifest('a', 'one')
    await client.manifest('a', 'one')
    expect(await all(client.tags('a'))).toEqual(['one'])
    expect(await all(client.catalog())).toEqual(['a'])
    await client.deleteManifest('a', 'one')
    const tokens = registry.requests.filter(({ url }) => url.startsWith('/token'))
    const scopes = tokens.map(({ url }) => new URL(url, 'http://x').searchParams.getAll('scope').join(' '))
    expect(scopes).toEqual(['repository:a:pull,push', 'repository:a:pull', 'registry:catalog:*', 'repository:a:pull,delete'])
    const others = registry.requests.filter(({ url }) => !url.startsWith('/token'))
    expect(others.some(({ headers }) => headers.authorization?.toString().startsWith('Basic'))).toBe(false)
  })

  it('gets a new one when the old one has ended, or was taken back', async () => {
    const registry = await registryFor({ auth: { ...auth, useTokens: true, tokenLifetimeS: 1 } })
    const client = clientOf(registry, { auth })
    await pushArtifact(client, 'a', 'one')
    await client.manifest('a', 'one')
    await client.manifest('a', 'one')
    const lasting = await registryFor({ auth: { ...auth, useTokens: true } })
    const other = clientOf(lasting, { auth })
    await pushArtifact(other, 'a', 'one')
    await other.manifest('a', 'one')
    lasting.revokeTokens()
    await other.manifest('a', 'one')
    for (const { requests } of [registry, lasting])
      expect(requests.filter(({ url }) => url.includes('scope=repository%3Aa%3Apull&'))).toHaveLength(2)
  })

  it('asks for both repositories where a blob is taken over', async () => {
    const registry = await registryFor({ auth: { ...auth, useTokens: true } })
    const client = clientOf(registry, { auth })
    const sent = blob('x')
    await client.uploadBlob('a', sent)
    expect(await client.mountBlob('b', sent.digest, 'a')).toBe(true)
    const [, url] = registry.requests.filter(({ url: each }) => each.startsWith('/token')).map(({ url: each }) => each)
    expect(new URL(url!, 'http://x').searchParams.getAll('scope')).toEqual(['repository:b:pull,push', 'repository:a:pull'])
  })

  it('says whether the credentials are missing or wrong', async () => {
    const registry = await registryFor({ auth: { ...auth, useTokens: true } })
    await expect(clientOf(registry).ping()).rejects.toThrow(/no token without credentials.*log in/)
    const wrong = { username: 'someone', password: 'Wr0ng' }
    await expect(clientOf(registry, { auth: wrong }).ping()).rejects.toThrow(/no token to these credentials.*check user name/)
  })

  it('refuses an answer of the token server that is no token, and does not quote it', async () => {
    for (const [body, status] of [
      ['{"token":"S3cret\\nX-Evil: 1"}', 200],
      ['S3cret', 200],
      ['{}', 200],
      [`{"token":"${'x'.repeat(2 * 1024 * 1024)}"}`, 200],
    ] as const) {
      const fetch = async (url: string) => {
        if (url.includes('/token')) return new Response(body, { status })
        return new Response('', { status: 401, headers: { 'www-authenticate': 'Bearer realm="http://127.0.0.1:1/token"' } })
      }
      const error = await clientOf({ host: '127.0.0.1:1' }, { fetch, auth })
        .ping()
        .catch((failure) => failure)
      expect(error).toBeInstanceOf(RegistryError)
      expect(`${error.message} ${error.cause ?? ''}`).not.toContain('S3cret')
    }
  })

  it('exchanges an identity token by OAuth 2', async () => {
    const seen: string[] = []
    const fetch = async (url: string, init: { method: string; body?: unknown; headers: Record<string, string> }) => {
      if (url.includes('/token')) {
        seen.push(`${init.method} ${new TextDecoder().decode(init.body as Uint8Array)} ${init.headers['authorization']}`)
        return Response.json({ access_token: 'good', expires_in: 300 })
      }
      if (init.headers['authorization'] === 'Bearer good') return new Response('{}', { status: 200 })
      const header = 'Bearer realm="http://127.0.0.1:1/token",service="s"'
      return new Response('', { status: 401, headers: { 'www-authenticate': header } })
    }
    await clientOf({ host: '127.0.0.1:1' }, { fetch, auth: { identityToken: 'id-token' } }).ping()
    expect(seen).toEqual(['POST grant_type=refresh_token&refresh_token=id-token&client_id=stratabox&service=s undefined'])
  })
})

describe('a challenge', () => {
  it.each([
    ['Basic realm="x"', [{ scheme: 'basic', parameters: { realm: 'x' } }]],
    [
      'Bearer realm="https://a/t",service="s",scope="repository:a:pull,push"',
      [{ scheme: 'bearer', parameters: { realm: 'https://a/t', service: 's', scope: 'repository:a:pull,push' } }],
    ],
    [
      'Negotiate, Basic realm=x, BEARER Realm = "a\\"b" , error="invalid_token"',
      [
        { scheme: 'negotiate', parameters: {} },
        { scheme: 'basic', parameters: { realm: 'x' } },
        { scheme: 'bearer', parameters: { realm: 'a"b', error: 'invalid_token' } },
      ],
    ],
    ['', []],
    ['"', []],
    [`Basic realm="${'x'.repeat(9000)}"`, []],
  ])('is read: %.80s', (header, challenges) => {
    expect(parseChallenges(header)).toEqual(challenges)
  })
})

describe('a token server', () => {
  it.each([
    ['https://registry.example.com', 'https://registry.example.com/token', true, 'the same host'],
    ['https://registry.example.com:5000', 'https://registry.example.com:5000/token', true, 'the same host and port'],
    ['https://registry.example.com:5050', 'https://registry.example.com/jwt/auth', true, 'the https port of the same host'],
    ['https://registry.example.com', 'https://registry.example.com:8443/token', false, 'another port of the same host'],
    ['https://registry.example.com', 'https://auth.registry.example.com:8443/token', false, 'another port of a host below'],
    ['https://127.0.0.1:5000', 'https://127.0.0.1:5001/token', false, 'another port of this machine'],
    ['http://127.0.0.1:5000', 'http://127.0.0.1:5000/token', true, 'plain http on this machine'],
    ['http://127.0.0.1:5000', 'http://127.0.0.1:5001/token', false, 'plain http on another port of this machine'],
    ['http://registry.example.com', 'http://registry.example.com/token', false, 'plain http'],
    ['http://registry.example.com', 'https://registry.example.com/token', false, 'a registry behind plain http'],
    ['https://registry.example.com', 'https://auth.registry.example.com/token', true, 'a host below'],
    ['https://registry.gitlab.com', 'https://gitlab.com/jwt/auth', true, 'the host right above'],
    ['https://registry-1.docker.io', 'https://auth.docker.io/token', true, 'Docker Hub'],
    ['https://registry.example.com', 'https://evil.example/token', false, 'another host'],
    ['https://registry.example.com', 'https://other.example.com/token', false, 'a neighbour'],
    ['https://example.com', 'https://com/token', false, 'a top-level domain'],
    ['https://registry.example.com', 'https://notregistry.example.com/token', false, 'a name that only ends alike'],
    ['https://127.0.0.1:5000', 'https://0.0.1/token', false, 'what looks like a host above an address'],
    ['http://127.0.0.1:5000', 'http://localhost:5001/token', false, 'another name of this machine'],
  ])('of %s at %s sees the credentials: %s (%s)', (registry, realm, expected) => {
    expect(mayShowCredentials(tokenServer(realm, registry), registry, [])).toBe(expected)
  })

  it.each([
    ['https://a.example', 'http://a.example/token'],
    ['http://a.example', 'http://b.example/token'],
    ['http://a.example', 'http://127.0.0.1:8080/token'],
    ['https://a.example', 'ftp://a.example/token'],
    ['https://a.example', 'https://user:pw@a.example/token'],
    ['https://a.example', 'nonsense'],
  ])('of %s at %s is not asked at all', (registry, realm) => {
    expect(() => tokenServer(realm, registry)).toThrow(RegistryError)
  })

  it('is one that the user names', () => {
    const [server, registry] = [new URL('https://sso.example/token'), 'https://registry.example.com']
    expect(mayShowCredentials(server, registry, ['sso.example'])).toBe(true)
    const other = new URL('https://sso.example:8443/token')
    expect(mayShowCredentials(other, registry, ['sso.example'])).toBe(false)
    expect(mayShowCredentials(other, registry, ['sso.example:8443'])).toBe(true)
    expect(mayShowCredentials(new URL('http://sso.example/token'), registry, ['sso.example'])).toBe(false)
  })
})

describe('a registry behind plain http, not on this machine', () => {
  const answer = (challenge: string, seen: (string | undefined)[]) => async (url: string, init: { headers: Record<string, string> }) => {
    seen.push(init.headers['authorization'])
    if (url.includes('/token'))
      return init.headers['authorization'] === undefined ? Response.json({ token: 'anonymous' }) : new Response('')
    if (init.headers['authorization'] === 'Bearer anonymous') return new Response('{}')
    return new Response('', { status: 401, headers: { 'www-authenticate': challenge } })
  }

  it.each<[string, RegistryAuth]>([
    ['Basic realm="x"', auth],
    ['Basic realm="x"', { token: 'S3cretToken' }],
    ['Bearer realm="http://a.example/token"', { token: 'S3cretToken' }],
  ])('that asks with %s sees no credentials, and the error says why', async (challenge, given) => {
    const seen: (string | undefined)[] = []
    const client = clientOf({ host: 'a.example' }, { fetch: answer(challenge, seen), auth: given })
    await expect(client.ping()).rejects.toMatchObject({ status: 401, message: expect.stringContaining('plain http') })
    expect(seen.every((each) => each === undefined)).toBe(true)
  })

  it('is used as nobody where its token server lets everybody in', async () => {
    const seen: (string | undefined)[] = []
    await clientOf({ host: 'a.example' }, { fetch: answer('Bearer realm="http://a.example/token"', seen), auth }).ping()
    expect(seen).toContain('Bearer anonymous')
    expect(seen.some((each) => each?.startsWith('Basic'))).toBe(false)
  })
})
