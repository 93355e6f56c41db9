import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { RegistryError } from '../../src/core/index.js'
import { delayMs, RETRY_POLICY, retryAfterMs } from '../../src/registry/http/retry.js'
import { nextPage } from '../../src/registry/pages.js'
import { all, blob, clientOf, digestOfAll, pushArtifact, QUICK, registryFor } from './support/registry.js'

describe('a request', () => {
  it.each([408, 429, 500, 502, 503, 504])('that fails with %i is tried again', async (status) => {
    const registry = await registryFor()
    const client = clientOf(registry)
    await pushArtifact(client, 'a', 'one')
    registry.inject({ kind: 'status', status, retryAfterS: 0, times: QUICK.attempts - 1 })
    expect((await client.manifest('a', 'one')).document.kind).toBe('manifest')
  })

  it('that keeps failing fails, with status and codes', async () => {
    const registry = await registryFor()
    registry.inject({ kind: 'status', status: 429, times: QUICK.attempts })
    await expect(clientOf(registry).manifest('a', 'one')).rejects.toMatchObject({ status: 429, codes: ['TOOMANYREQUESTS'] })
    expect(registry.requests.filter(({ url }) => url !== '/v2/')).toHaveLength(QUICK.attempts)
  })

  it.each([400, 403, 404, 405, 501])('that fails with %i is not tried again', async (status) => {
    const registry = await registryFor()
    registry.inject({ kind: 'status', status, times: 9 })
    await expect(clientOf(registry).manifest('a', 'one')).rejects.toMatchObject({ status })
    expect(registry.requests.filter(({ url }) => url !== '/v2/')).toHaveLength(1)
  })

  it('that breaks off is tried again, whatever it is', async () => {
    const registry = await registryFor()
    const client = clientOf(registry)
    await client.ping()
    for (const method of ['POST', 'PUT', 'HEAD', 'GET', 'DELETE'])
      registry.inject({ kind: 'drop', afterBytes: 0, on: (request) => request.method === method })
    const sent = blob('x')
    await client.uploadBlob('a', sent)
    expect(await client.headBlob('a', sent.digest)).toBe(1)
    expect(await digestOfAll(client.blob('a', sent))).toBe(sent.digest)
    expect(await client.deleteBlob('a', sent.digest)).toBe(true)
  })

  it('that stays without an answer, or an end, is given up after the time for that', async () => {
    const registry = await registryFor()
    const client = clientOf(registry, { idleTimeoutMs: 100, retry: { attempts: 2, minDelayMs: 1, maxDelayMs: 1 } })
    const sent = blob(100_000)
    await clientOf(registry).uploadBlob('a', sent)
    registry.inject({ kind: 'hang', times: 2 })
    await expect(client.headBlob('a', sent.digest)).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
    registry.inject({ kind: 'hang', afterBytes: 50_000 })
    expect(await digestOfAll(client.blob('a', sent))).toBe(sent.digest)
  })

  it('ends with the reason of its signal, wherever it is', async () => {
    const registry = await registryFor()
    const client = clientOf(registry, { retry: { attempts: 3, minDelayMs: 60_000, maxDelayMs: 60_000 } })
    const sent = blob(100_000)
    await client.uploadBlob('a', sent)
    const reason = new Error('enough')
    const faults = [{ kind: 'hang' }, { kind: 'hang', afterBytes: 10 }, { kind: 'status', status: 503 }] as const
    for (const fault of faults) {
      const controller = new AbortController()
      registry.inject(fault)
      const reading = digestOfAll(client.blob('a', sent, { signal: controller.signal }))
      setTimeout(() => controller.abort(reason), 50)
      await expect(reading, fault.kind).rejects.toBe(reason)
      expect(getEventListeners(controller.signal, 'abort')).toEqual([])
    }
    const aborted = { signal: AbortSignal.abort(reason) }
    await expect(client.ping(aborted)).rejects.toBe(reason)
    await expect(client.uploadBlob('a', blob('y'), aborted)).rejects.toBe(reason)
  })

  it('that is sent round in circles is given up', async () => {
    const registry = await registryFor()
    registry.inject({ kind: 'redirect', to: '/v2/a/manifests/one', times: 99 })
    await expect(clientOf(registry).manifest('a', 'one')).rejects.toThrow(/more than 10 redirects/)
  })

  it('with an error in a strange form has the status all the same, and nothing to break a log', async () => {
    for (const [body, expected] of [
      ['<html>', /status 400$/],
      ['', /status 400$/],
      ['{"errors":[{"code":"X\\u001b[31m","message":"a\\nb"}]}', /status 400, X \[31m: a b$/],
      [`{"errors":[{"code":"LONG","message":"${'x'.repeat(5000)}"}]}`, /LONG: x{300}$/],
      ['x'.repeat(200_000), /status 400$/],
    ] as const) {
      const fetch = async (url: string) => (url.endsWith('/v2/') ? new Response('{}') : new Response(body, { status: 400 }))
      const error = await clientOf({ host: 'a.example' }, { fetch })
        .manifest('a', 'one')
        .catch((failure) => failure)
      expect(error).toBeInstanceOf(RegistryError)
      expect(error.message).toMatch(expected)
    }
  })
})

describe('a pause', () => {
  it.each([
    ['3', 3000],
    [' 0 ', 0],
    ['Thu, 01 Jan 1970 00:00:10 GMT', 9000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['soon', undefined],
    [null, undefined],
  ])('that is asked for with Retry-After %s is %s ms', (header, expected) => {
    expect(retryAfterMs(header, 1000)).toBe(expected)
  })

  it('grows, and is never longer than the policy allows', () => {
    for (let attempt = 1; attempt < 20; attempt++) {
      const ms = delayMs(RETRY_POLICY, attempt, undefined)
      expect(ms).toBeGreaterThanOrEqual(Math.min(30_000, 125 * 2 ** (attempt - 1)))
      expect(ms).toBeLessThanOrEqual(Math.min(30_000, 250 * 2 ** (attempt - 1)))
    }
    expect(delayMs(RETRY_POLICY, 1, 10_000)).toBe(10_000)
    expect(delayMs(RETRY_POLICY, 1, 1e9)).toBe(30_000)
  })
})

describe('a next page', () => {
  it.each([
    ['</v2/_catalog?n=1&last=a>; rel="next"', 'http://a/v2/_catalog?n=1&last=a'],
    ['<x>; rel=prev, <y>; title="a,b"; rel="first next"', 'http://a/v2/y'],
    ['<x>; rel="nextish"', undefined],
    ['nonsense', undefined],
    [null, undefined],
  ])('of %s is %s', (header, expected) => {
    expect(nextPage(header, 'http://a/v2/b')).toBe(expected)
  })

  it('is refused on another host, and where it leads in circles', async () => {
    for (const link of ['<http://b.example/v2/_catalog?n=1>; rel="next"', '</v2/_catalog>; rel="next"']) {
      const fetch = async () => new Response('{"repositories":["a"]}', { headers: { link } })
      await expect(all(clientOf({ host: 'a.example' }, { fetch }).catalog())).rejects.toThrow(/another host|never end/)
    }
  })
})
