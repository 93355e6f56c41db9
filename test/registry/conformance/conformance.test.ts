// The distribution-spec 1.1 as a table of requirements: the test registry meets all of them, Debian's docker-registry (2.8, of before 1.1) those that it claims.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestRegistry } from '../../../src/testing/index.js'
import { requires } from '../../support/requires.js'
import { depot } from '../../transfer/support/depot.js'
import { dockerRegistry } from '../../transfer/support/docker-registry.js'
import { DISCOVERY } from './discovery.js'
import { MANIFESTS } from './manifests.js'
import { PULL } from './pull.js'
import { PUSH } from './push.js'
import { NOTHING, type Requirement, Wire } from './wire.js'

const TABLE: readonly Requirement[] = [...PULL, ...PUSH, ...MANIFESTS, ...DISCOVERY]
const place = depot()
/** Names of repositories have no blanks. */
const nameOf = ({ id }: Requirement) => `conformance/${id.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`

describe('the test registry', () => {
  let registry: TestRegistry
  beforeAll(async () => {
    registry = await TestRegistry.start()
  })
  afterAll(() => registry.close())

  it.each(TABLE.map((row) => [row.id, row.what, row] as const))('%s: %s', async (_id, _what, row) => {
    await row.run(new Wire(registry.url), nameOf(row))
  })
})

it('a test registry over a directory meets the same requirements', async () => {
  await using registry = await TestRegistry.start({ directory: place.path('registry') })
  for (const row of TABLE) await row.run(new Wire(registry.url), nameOf(row))
})

it('a test registry with pages gives tags and referrers page by page, with a Link to the next', async () => {
  await using registry = await TestRegistry.start({ pageSize: 2 })
  const wire = new Wire(registry.url)
  const subject = await wire.put('a', 'subject', 'subject')
  for (let n = 0; n < 5; n++) await wire.put('a', `tag-${n}`, `${n}`, { subject, artifactType: n === 4 ? 'example/other' : 'example/one' })
  const walk = async (path: string, items: (body: never) => readonly unknown[]) => {
    const sizes: number[] = []
    for (let url: string | undefined = path; url !== undefined; ) {
      const response: Response = await wire.ask('GET', url, 200)
      sizes.push(items((await response.json()) as never).length)
      url = wire.next(response)
    }
    return sizes
  }
  const manifests = (body: { manifests: unknown[] }) => body.manifests
  expect(await walk(`/v2/a/referrers/${subject.digest}`, manifests)).toEqual([2, 2, 1])
  expect(await walk(`/v2/a/referrers/${subject.digest}?artifactType=example/one`, manifests)).toEqual([2, 2])
  expect(await walk('/v2/a/tags/list', (body: { tags: unknown[] }) => body.tags)).toEqual([2, 2, 2])
})

it('a test registry without referrers answers 404 for them, and says nothing of subjects', async () => {
  await using registry = await TestRegistry.start({ referrers: false })
  const wire = new Wire(registry.url)
  const { bytes, named } = await wire.manifest('a', 'x', { subject: { mediaType: 'a/b', digest: NOTHING, size: 1 } })
  expect((await wire.send('a', named.digest, bytes)).headers.get('oci-subject')).toBeNull()
  await wire.codes('GET', `/v2/a/referrers/${NOTHING}`, 404)
})

it("Debian's docker-registry meets what it claims: the table is not our own idea of a registry", async (ctx) => {
  requires(ctx, 'docker-registry')
  const { host } = await dockerRegistry(place.path('registry'))
  const wire = new Wire(`http://${host}`)
  const failed: string[] = []
  for (const row of TABLE) {
    const failure = await row.run(wire, nameOf(row)).then(
      () => undefined,
      (error: Error) => error.message.split('\n')[0],
    )
    if ((failure === undefined) === (row.debian !== undefined)) failed.push(`${row.id}: ${failure ?? 'meets it after all'}`)
  }
  expect(failed).toEqual([])
})
