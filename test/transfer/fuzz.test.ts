// Faults at random: every transfer ends in the right bytes or a typed error, nothing half-written is ever to be seen, and the next try moves only what is missing.
import { readdirSync } from 'node:fs'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Digest, StrataError } from '../../src/core/index.js'
import type { Image } from '../../src/image/index.js'
import type { Fault, TestRegistry } from '../../src/testing/index.js'
import { clientOf, registryFor } from '../registry/support/registry.js'
import { depot, imageOf } from './support/depot.js'

const place = depot()
/** All of them on the CI machine, once; elsewhere as many as one waits for. `STRATABOX_FUZZ_RUNS` says another number. */
const isWhole = process.env['CI'] === 'true' && process.env['STRATABOX_TEST_UNPRIVILEGED'] === undefined
const RUNS = Number(process.env['STRATABOX_FUZZ_RUNS'] ?? (isWhole ? 500 : 60))
const TIME_LIMIT_MS = 480_000
const retry = { attempts: 4, minDelayMs: 1, maxDelayMs: 3 } as const

const kind: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ kind: fc.constant('drop' as const), afterBytes: fc.integer({ min: 0, max: 70_000 }) }),
  fc.record({ kind: fc.constant('status' as const), status: fc.constantFrom(400, 403, 404, 408, 416, 429, 500, 502, 503, 504) }),
  fc.record({ kind: fc.constant('status' as const), status: fc.constantFrom(429, 503), retryAfterS: fc.constant(0) }),
  fc.record({ kind: fc.constant('slow' as const), delayMs: fc.integer({ min: 0, max: 5 }) }),
  fc.record({ kind: fc.constant('wrong-length' as const), by: fc.integer({ min: -5000, max: 5000 }) }),
  fc.constantFrom({ kind: 'wrong-bytes' as const }, { kind: 'wrong-digest' as const }, { kind: 'no-ranges' as const }),
)
const fault = fc.record({
  what: kind,
  times: fc.integer({ min: 1, max: 6 }),
  method: fc.constantFrom('GET', 'HEAD', 'POST', 'PATCH', 'PUT'),
  skip: fc.integer({ min: 0, max: 4 }),
})

function order(registry: TestRegistry, { what, times, method, skip }: { what: Fault; times: number; method: string; skip: number }): void {
  let seen = 0
  registry.inject({ ...what, times, on: (request) => request.method === method && request.path !== '/v2/' && ++seen > skip })
}

it(`keeps that promise in ${RUNS} transfers`, async () => {
  const here = await place.store('here')
  const images: Image[] = []
  // One with a layer that is sent as a stream, the others with what is sent at once.
  for (let seed = 1; seed <= 4; seed++)
    images.push(await imageOf(here, [60_000, 3_000, seed === 1 ? 1_200_000 : 100], undefined, seed * 10))
  const there = await place.store('there')
  const full = await registryFor()
  for (const [index, image] of images.entries()) await here.push(image, `${full.host}/a:${index}`)
  const tally = { right: 0, failed: 0 }
  const settled = async (transfer: Promise<unknown>) => {
    const failure = await transfer.then(
      () => undefined,
      (error: unknown) => error,
    )
    if (failure !== undefined) expect(failure, `${failure}`).toBeInstanceOf(StrataError)
    tally[failure === undefined ? 'right' : 'failed']++
    return failure === undefined
  }
  let serial = 0
  const one = async (faults: readonly { what: Fault; times: number; method: string; skip: number }[], isPush: boolean, which: number) => {
    const image = images[which]!
    const ref = `${full.host}/${isPush ? `to-${serial++}` : 'a'}:${isPush ? 'x' : which}`
    for (const each of faults) order(full, each)
    const isThere = await settled(isPush ? here.push(image, ref, { retry }) : there.pull(ref, { retry }))
    full.clearFaults()
    if (isPush) {
      // What is to be seen is whole: the tag names the image, with all of its blobs, or nothing.
      const client = clientOf(full)
      const [, repository, tag] = /\/(.+):(.+)$/.exec(ref)!
      const seen = await client.headManifest(repository!, tag!)
      expect(seen?.digest).toBe(isThere ? image.digest : seen && image.digest)
      const digests = [(await image.manifest()).config, ...(await image.manifest()).layers].map(({ digest }) => digest)
      const sizes = await Promise.all(digests.map((digest) => client.headBlob(repository!, digest)))
      const kept = digests.filter((_, index) => sizes[index] !== undefined)
      if (seen !== undefined) expect(kept).toEqual(digests)
      full.requests.length = 0
      const { digest } = await here.push(image, ref)
      expect(digest).toBe(image.digest)
      // What an earlier try brought there whole is not sent again.
      const sent = full.requests.flatMap(({ method, url }) =>
        method === 'PUT' ? new URL(url, full.url).searchParams.getAll('digest') : [],
      )
      expect(sent.filter((each) => kept.includes(each as Digest))).toEqual([])
      if (isThere) expect(full.requests.filter(({ method }) => method === 'PATCH' || method === 'POST')).toEqual([])
      return
    }
    expect((await there.get(ref))?.digest).toBe(isThere ? image.digest : undefined)
    for (const name of readdirSync(place.path('there', 'blobs', 'sha256'))) expect(name).toMatch(/^[a-f0-9]{64}$/)
    const left = readdirSync(place.path('there', 'tmp')).map((name) => name.replace('partial-', 'sha256:'))
    full.requests.length = 0
    expect((await there.pull(ref)).digest).toBe(image.digest)
    const blobs = full.requests.filter(({ url }) => url.includes('/blobs/'))
    if (isThere) expect(blobs).toEqual([])
    // What an earlier try left of a blob is not asked for again.
    for (const { url, headers } of blobs) if (left.some((digest) => url.endsWith(digest))) expect(headers.range).toMatch(/^bytes=[1-9]/)
    if (serial++ % 20 === 0) expect((await there.verify()).problems).toEqual([])
    await there.untag(ref)
    await there.gc()
    expect(readdirSync(place.path('there', 'tmp'))).toEqual([])
  }
  await fc.assert(fc.asyncProperty(fc.array(fault, { minLength: 1, maxLength: 4 }), fc.boolean(), fc.nat(3), one), {
    numRuns: RUNS,
    endOnFailure: true,
    interruptAfterTimeLimit: TIME_LIMIT_MS,
  })
  // Neither all of one nor all of the other: the faults did bite, and were overcome.
  expect(tally.right).toBeGreaterThan(RUNS / 10)
  expect(tally.failed).toBeGreaterThan(RUNS / 20)
}, 600_000)
