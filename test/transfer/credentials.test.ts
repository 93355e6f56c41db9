import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StrataError } from '../../src/core/index.js'
import { askHelper } from '../../src/transfer/credential-helper.js'
import { configuredAuth } from '../../src/transfer/docker-config.js'
import { registryFor } from '../registry/support/registry.js'
import { depot, imageOf } from './support/depot.js'

const place = depot()
const names = ['REGISTRY_AUTH_FILE', 'DOCKER_CONFIG', 'XDG_RUNTIME_DIR', 'XDG_CONFIG_HOME', 'HOME', 'PATH'] as const
const before = Object.fromEntries(names.map((name) => [name, process.env[name]]))
beforeEach(() => {
  for (const name of ['XDG_RUNTIME_DIR', 'XDG_CONFIG_HOME', 'DOCKER_CONFIG'] as const) delete process.env[name]
  process.env['HOME'] = place.path('home')
  mkdirSync(place.path('bin'))
  process.env['PATH'] = `${place.path('bin')}${delimiter}${before['PATH']}`
})
afterEach(() => {
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
})

const basic = (text: string) => ({ auth: Buffer.from(text).toString('base64') })
const keep = (config: unknown, path = process.env['REGISTRY_AUTH_FILE']!) =>
  writeFileSync(path, typeof config === 'string' ? config : JSON.stringify(config))
const ask = (registry: string, repository = 'team/app') => configuredAuth(registry, repository, undefined)
/** A helper in PATH. */
function helper(name: string, script: string): void {
  writeFileSync(place.path('bin', `docker-credential-${name}`), `#!/bin/sh\n${script}\n`)
  chmodSync(place.path('bin', `docker-credential-${name}`), 0o755)
}

describe('the configuration of docker and podman', () => {
  it('gives user and password, an identity token, or a registry token, of whichever entry fits best', async () => {
    keep({
      auths: {
        'a.example': basic('someone:pass:word'),
        'a.example/team': basic('team:x'),
        'a.example/team/app': basic('app:x'),
        'https://b.example/v2/': { username: 'plain', password: 'text' },
        'c.example:5000': { ...basic('<token>:'), identitytoken: 'identity' },
        'd.example': { registrytoken: 'bearer' },
        'https://index.docker.io/v1/': basic('hub:x'),
        'e.example': {},
      },
    })
    expect(await ask('a.example', 'other')).toEqual({ username: 'someone', password: 'pass:word' })
    expect(await ask('a.example', 'team/other')).toEqual({ username: 'team', password: 'x' })
    expect(await ask('a.example')).toEqual({ username: 'app', password: 'x' })
    expect(await ask('a.example', 'teams')).toEqual({ username: 'someone', password: 'pass:word' })
    expect(await ask('b.example')).toEqual({ username: 'plain', password: 'text' })
    expect(await ask('c.example:5000')).toEqual({ identityToken: 'identity' })
    expect(await ask('d.example')).toEqual({ token: 'bearer' })
    expect(await ask('docker.io', 'library/alpine')).toEqual({ username: 'hub', password: 'x' })
    for (const none of ['e.example', 'c.example', 'example', 'xa.example']) expect(await ask(none), none).toBeUndefined()
  })

  it('is looked for where docker and podman keep it, and nowhere else where REGISTRY_AUTH_FILE says so', async () => {
    keep({ auths: { 'named.example': basic('named:x') } })
    mkdirSync(place.path('home', '.docker'), { recursive: true })
    mkdirSync(place.path('home', '.config', 'containers'), { recursive: true })
    mkdirSync(place.path('docker'))
    keep({ auths: { 'home.example': basic('home:x') } }, place.path('home', '.docker', 'config.json'))
    keep({ auths: { 'podman.example': basic('podman:x') } }, place.path('home', '.config', 'containers', 'auth.json'))
    keep({ auths: { 'docker.example': basic('docker:x') } }, place.path('docker', 'config.json'))
    const found = async () => {
      const hosts = ['named', 'home', 'docker', 'podman']
      const known = await Promise.all(hosts.map(async (host) => ((await ask(`${host}.example`)) === undefined ? [] : [host])))
      return known.flat()
    }
    expect(await found()).toEqual(['named'])
    delete process.env['REGISTRY_AUTH_FILE']
    expect(await found()).toEqual(['home', 'podman'])
    process.env['DOCKER_CONFIG'] = place.path('docker')
    expect(await found()).toEqual(['docker', 'podman'])
  })

  it.each([
    ['no JSON', '{"auths": S3cret'],
    ['another shape', { auths: ['S3cret'] }],
    ['a half entry', { auths: { 'a.example': { auth: Buffer.from('S3cret').toString('base64') } } }],
    ['a wrong type', { auths: { 'a.example': { auth: { S3cret: 1 } } } }],
  ])('that is broken (%s) is told, with the name of the file and nothing of what is in it', async (_, config) => {
    keep(config)
    const error = await ask('a.example').catch((failure) => failure)
    expect(error).toBeInstanceOf(StrataError)
    for (let each = error; each instanceof Error; each = each.cause) expect(`${each.stack}`).not.toContain('S3cret')
  })
})

describe('a credential helper', () => {
  it('is asked by the name of the registry on its standard input', async () => {
    helper('shop', `read server; echo "{\\"ServerURL\\":\\"$server\\",\\"Username\\":\\"someone\\",\\"Secret\\":\\"$1 $server\\"}"`)
    keep({ credHelpers: { 'a.example': 'shop' }, auths: { 'a.example': basic('other:x') } })
    expect(await ask('a.example')).toEqual({ username: 'someone', password: 'get a.example' })
    keep({ credsStore: 'shop', auths: {} })
    expect(await ask('b.example:5000')).toEqual({ username: 'someone', password: 'get b.example:5000' })
    expect(await ask('docker.io')).toEqual({ username: 'someone', password: 'get https://index.docker.io/v1/' })
  })

  it('gives identity tokens, and may have nothing', async () => {
    helper('token', 'echo "{\\"Username\\":\\"<token>\\",\\"Secret\\":\\"identity\\"}"')
    helper('none', 'echo "credentials not found in native keychain"; exit 1')
    expect(await askHelper('token', 'a.example', undefined)).toEqual({ identityToken: 'identity' })
    keep({ credsStore: 'none', auths: { 'a.example': basic('kept:x') } })
    expect(await ask('a.example')).toEqual({ username: 'kept', password: 'x' })
  })

  it.each([
    ['fails', 'echo S3cret; exit 3', /failed with exit code 3/],
    ['talks nonsense', 'echo S3cret', /cannot be read/],
    ['never stops talking', 'yes S3cret', /too much output/],
  ])('that %s is told, without what it printed', async (_, script, message) => {
    helper('bad', script)
    const error = await askHelper('bad', 'a.example', undefined).catch((failure) => failure)
    expect(error).toMatchObject({ code: 'ERR_CREDENTIALS', message: expect.stringMatching(message) })
    expect(`${error.stack}${error.cause}`).not.toContain('S3cret')
  })

  it('that is not there, or has a name that leads elsewhere, is not run', async () => {
    await expect(askHelper('not-there', 'a.example', undefined)).rejects.toThrow(/is not installed/)
    for (const name of ['../../bin/sh', 'a b', '', '-x', 'x;y', `${'x'.repeat(65)}`])
      await expect(askHelper(name, 'a.example', undefined), name).rejects.toThrow(/has a name that is none/)
  })

  it('ends with the signal', async () => {
    helper('slow', 'exec sleep 60')
    const reason = new Error('enough')
    const controller = new AbortController()
    const asked = askHelper('slow', 'a.example', controller.signal)
    setTimeout(() => controller.abort(reason), 50)
    await expect(asked).rejects.toBe(reason)
  })
})

it('credentials are found when a registry wants them, are not asked for when it does not, and are in no event', async () => {
  const auth = { username: 'someone', password: 'S3cretPass' }
  helper('shop', `echo asked >> ${place.path('asked')}; echo '{"Username":"someone","Secret":"S3cretPass"}'`)
  keep({ credsStore: 'shop' })
  const [open, closed] = [await registryFor(), await registryFor({ auth: { ...auth, useTokens: true } })]
  const store = await place.store()
  const events: unknown[] = []
  const onEvent = (event: unknown) => events.push(event)
  await store.push(await imageOf(store, [10]), `${open.host}/a:1`, { onEvent })
  expect(existsSync(place.path('asked'))).toBe(false)
  await store.push(await imageOf(store, [10]), `${closed.host}/a:1`, { onEvent })
  await store.pull(`${closed.host}/a:1`, { onEvent })
  expect(existsSync(place.path('asked'))).toBe(true)
  expect(JSON.stringify(events)).not.toMatch(/S3cret|Bearer|Basic/)
})
