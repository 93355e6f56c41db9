import { readdirSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Store } from '../../src/api/store.js'
import { isImageIndex } from '../../src/image/index.js'
import type { TestRegistry } from '../../src/testing/index.js'
import type { TransferEvent } from '../../src/transfer/index.js'
import { textIn } from '../builder/support.js'
import { clientOf, pushArtifact, registryFor } from '../registry/support/registry.js'
import { depot, imageOf } from './support/depot.js'

const place = depot()
const isBlob = ({ url, method }: { url: string; method: string }) => method === 'GET' && url.includes('/blobs/sha256')
const moved = (registry: TestRegistry) => registry.requests.filter(isBlob).reduce((sum, { bytesSent }) => sum + bytesSent, 0)
const tidy = async (store: Store) => expect((await store.verify()).problems).toEqual([])

describe('push and pull', () => {
  it('bring an image there and back with the same digests', async () => {
    const registry = await registryFor()
    const [here, there] = [await place.store('here'), await place.store('there')]
    const image = await imageOf(here, [100, 2_000_000, 5], 'app:1')
    const ref = `${registry.host}/team/app:1`
    expect(await here.push('app:1', ref)).toEqual({ digest: image.digest, reference: `${registry.host}/team/app@${image.digest}` })
    const pulled = await there.pull(ref)
    expect(pulled.digest).toBe(image.digest)
    expect(await pulled.manifestBytes()).toEqual(await image.manifestBytes())
    expect((await there.get(ref))?.digest).toBe(image.digest)
    await tidy(there)
  })

  it('move nothing that is there already', async () => {
    const registry = await registryFor()
    const [here, there] = [await place.store('here'), await place.store('there')]
    const base = await imageOf(here, [300_000, 200_000])
    await here.push(base, `${registry.host}/a:1`)
    await there.pull(`${registry.host}/a:1`)
    const next = await here.build(base).write('/new', 'new').commit()
    const [requests, bytes] = [registry.requests.length, moved(registry)]
    await here.push(next, `${registry.host}/a:2`)
    const uploads = registry.requests.slice(requests).filter(({ method }) => method === 'POST')
    expect(uploads).toHaveLength(2)
    await there.pull(`${registry.host}/a:2`)
    expect(moved(registry) - bytes).toBeLessThan(5000)
    const before = registry.requests.length
    await there.pull(`${registry.host}/a:2`)
    expect(registry.requests.slice(before).filter(isBlob)).toEqual([])
  })

  it('keep a pulled image under the name as written and under its full name', async () => {
    const registry = await registryFor()
    const [here, there] = [await place.store('here'), await place.store('there')]
    const image = await imageOf(here, [10])
    await here.push(image, `${registry.host}/app`)
    await there.pull(`${registry.host}/app`)
    await there.pull(`${registry.host}/app@${image.digest}`)
    const names: string[] = []
    for await (const { ref } of there.list()) names.push(ref)
    expect(names.sort()).toEqual([`${registry.host}/app`, `${registry.host}/app:latest`, `${registry.host}/app@${image.digest}`].sort())
  })

  it('take the image for the platform out of an index, and push an index with all of them', async () => {
    const registry = await registryFor()
    const [here, there] = [await place.store('here'), await place.store('there')]
    const platforms = ['linux/amd64', 'linux/arm64', 'linux/s390x'] as const
    const images = await Promise.all(platforms.map((platform) => here.build('scratch').write('/p', platform).commit({ platform })))
    const index = await here.index(images, { tag: 'multi:1' })
    const { digest } = await here.push('multi:1', `${registry.host}/multi:1`)
    expect(digest).toBe(index.digest)
    for (const [at, platform] of platforms.entries()) {
      const pulled = await there.pull(`${registry.host}/multi:1`, { platform })
      expect(pulled.digest).toBe(images[at]!.digest)
      expect(await textIn(pulled, '/p')).toBe(platform)
    }
    await expect(there.pull(`${registry.host}/multi:1`, { platform: 'linux/riscv64' })).rejects.toMatchObject({
      code: 'ERR_PLATFORM',
      remedy: expect.stringContaining('linux/amd64, linux/arm64, linux/s390x'),
    })
    expect(isImageIndex(index)).toBe(true)
  })

  it('have the registry take over what another of its repositories has', async () => {
    const registry = await registryFor()
    const here = await place.store()
    const image = await imageOf(here, [50_000], `${registry.host}/one:1`)
    await here.push(image, `${registry.host}/one:1`)
    const events: TransferEvent[] = []
    await here.push(image, `${registry.host}/two:1`, { onEvent: (event) => events.push(event) })
    expect(events.filter(({ kind }) => kind === 'done')).toContainEqual(expect.objectContaining({ what: 'layer', how: 'mounted' }))
    expect(registry.requests.filter(({ method, bytesReceived }) => method === 'PUT' && bytesReceived > 40_000)).toHaveLength(1)
  })

  it('tell what moves, layer by layer', async () => {
    const registry = await registryFor()
    const [here, there] = [await place.store('here'), await place.store('there')]
    const image = await imageOf(here, [3_000_000, 1000])
    for (const events of [[] as TransferEvent[], [] as TransferEvent[]]) {
      const onEvent = (event: TransferEvent) => events.push(event)
      const isPush = registry.requests.length === 0
      if (isPush) await here.push(image, `${registry.host}/a:1`, { onEvent })
      else await there.pull(`${registry.host}/a:1`, { onEvent })
      for (const layer of await image.layers()) {
        const own = events.filter((event) => event.kind !== 'resolved' && event.digest === layer.digest)
        expect(own[0]).toMatchObject({ kind: 'start', what: 'layer', bytes: 0, sizeBytes: layer.size })
        expect(own.at(-1)).toMatchObject({ kind: 'done', how: 'moved', sizeBytes: layer.size })
        const steps = own.flatMap((event) => (event.kind === 'progress' ? [event.bytes] : []))
        expect(steps.at(-1)).toBe(layer.size)
        expect([...steps].sort((a, b) => a - b)).toEqual(steps)
      }
      expect(events.some(({ kind }) => kind === 'resolved')).toBe(!isPush)
    }
  })

  it('refuse an image on the files of this host unless told otherwise', async () => {
    const registry = await registryFor()
    const here = await place.store()
    const image = await here.build('host').write('/x', 'x').commit()
    await expect(here.push(image, `${registry.host}/a:1`)).rejects.toMatchObject({ code: 'ERR_HOST_BASE' })
    expect(registry.requests).toEqual([])
    await here.push(image, `${registry.host}/a:1`, { allowHostBase: true })
  })

  it('say what is wrong with what they are given', async () => {
    const here = await place.store()
    const image = await imageOf(here, [1])
    await expect(here.push('none:1', 'localhost:1/a')).rejects.toMatchObject({ code: 'ERR_IMAGE_NOT_FOUND' })
    await expect(here.push(image, 'a b')).rejects.toMatchObject({ code: 'ERR_FORMAT' })
    await expect(here.push(image, `localhost:1/a@sha256:${'0'.repeat(64)}`)).rejects.toThrow(/another digest/)
    await expect(here.push(image, 'localhost:1/a', { platform: 'linux/amd64' } as never)).rejects.toThrow(/unknown option 'platform'/)
    await expect(here.push({} as never, 'localhost:1/a')).rejects.toThrow(TypeError)
    for (const [options, message] of [
      [{ parallel: 0 }, /parallel/],
      [{ platform: 'linux' }, /platform/],
      [{ auth: { user: 'x' } }, /auth must be/],
      [{ insecure: 1 }, /insecure/],
      [{ registries: { 'localhost:1': { cert: 'x' } } }, /cert and key/],
      [{ registries: { 'localhost:1': { colour: 'x' } } }, /unknown option 'colour'/],
      [{ nothing: 1 }, /unknown option 'nothing'/],
    ] as const)
      await expect(here.pull('localhost:1/a', options as never), `${message}`).rejects.toThrow(message)
  })
})

describe('a pull', () => {
  it('that broke goes on where it was', async () => {
    const registry = await registryFor()
    const [here, there] = [await place.store('here'), await place.store('there')]
    await here.push(await imageOf(here, [2_000_000]), `${registry.host}/a:1`)
    const controller = new AbortController()
    const enough = (event: TransferEvent) => {
      if (event.kind === 'progress' && event.what === 'layer' && event.bytes > 1_000_000) controller.abort(new Error('enough'))
    }
    await expect(there.pull(`${registry.host}/a:1`, { signal: controller.signal, onEvent: enough })).rejects.toThrow('enough')
    expect(await there.get(`${registry.host}/a:1`)).toBeUndefined()
    await tidy(there)
    registry.requests.length = 0
    const starts: number[] = []
    await there.pull(`${registry.host}/a:1`, {
      onEvent: (event) => event.kind === 'start' && event.what === 'layer' && starts.push(event.bytes),
    })
    expect(starts[0]).toBeGreaterThan(1_000_000)
    expect(moved(registry)).toBeLessThan(1_100_000)
    await tidy(there)
  })

  it('begins again where what an earlier one left is wrong', async () => {
    const registry = await registryFor()
    const [here, there] = [await place.store('here'), await place.store('there')]
    const image = await imageOf(here, [500_000])
    await here.push(image, `${registry.host}/a:1`)
    const [layer] = await image.layers()
    const partial = place.path('there', 'tmp', `partial-${layer!.digest.slice(7)}`)
    for (const left of [Buffer.alloc(1000, 'x'), Buffer.alloc(layer!.size, 'x'), Buffer.alloc(layer!.size + 1, 'x'), Buffer.alloc(0)]) {
      writeFileSync(partial, left)
      await there.pull(`${registry.host}/a:1`)
      await tidy(there)
      expect(readdirSync(place.path('there', 'tmp'))).toEqual([])
      await there.untag(`${registry.host}/a:1`)
      await there.gc()
    }
  })

  it('leaves nothing when the bytes are wrong, and what is left of a broken one goes with gc', async () => {
    const registry = await registryFor()
    const [here, there] = [await place.store('here'), await place.store('there')]
    const image = await imageOf(here, [500_000])
    await here.push(image, `${registry.host}/a:1`)
    const [layer] = await image.layers()
    const on = ({ path, method }: { path: string; method: string }) => method === 'GET' && path.endsWith(layer!.digest)
    registry.inject({ kind: 'wrong-bytes', on, times: 99 })
    await expect(there.pull(`${registry.host}/a:1`)).rejects.toMatchObject({ code: 'ERR_DIGEST_MISMATCH' })
    expect(readdirSync(place.path('there', 'tmp'))).toEqual([])
    registry.clearFaults()
    registry.inject({ kind: 'drop', afterBytes: 100_000, on })
    registry.inject({ kind: 'status', status: 403, on, times: 99 })
    await expect(there.pull(`${registry.host}/a:1`)).rejects.toMatchObject({ status: 403 })
    expect(readdirSync(place.path('there', 'tmp'))).toHaveLength(1)
    await tidy(there)
    expect((await there.gc()).freedBytes).toBeGreaterThan(50_000)
    expect(readdirSync(place.path('there', 'tmp'))).toEqual([])
  })

  it('of one image into one store goes well many times at once, and fetches each blob once', async () => {
    const registry = await registryFor()
    const [here, there] = [await place.store('here'), await place.store('there')]
    const image = await imageOf(here, [400_000, 300_000, 200_000])
    await here.push(image, `${registry.host}/a:1`)
    const second = await place.store('there')
    const pulls = Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? there : second).pull(`${registry.host}/a:1`))
    expect(new Set((await Promise.all(pulls)).map(({ digest }) => digest))).toEqual(new Set([image.digest]))
    expect(moved(registry)).toBeLessThan(920_000)
    await tidy(there)
  })

  it('is not fooled by what claims to be an image', async () => {
    const registry = await registryFor()
    const client = clientOf(registry)
    const there = await place.store()
    await pushArtifact(client, 'artifact', '1')
    await expect(there.pull(`${registry.host}/artifact:1`)).rejects.toMatchObject({ code: 'ERR_FORMAT' })
    expect(await there.get(`${registry.host}/artifact:1`)).toBeUndefined()
  })
})

describe('mirrors', () => {
  it('are asked first, and what they lack or have wrong comes from the registry', async () => {
    const [origin, mirror, broken] = [await registryFor(), await registryFor(), await registryFor()]
    const here = await place.store('here')
    const image = await imageOf(here, [300_000, 200_000])
    await here.push(image, `${origin.host}/team/a:1`)
    await here.push(image, `${mirror.host}/team/a:1`)
    const registries = { [origin.host]: { mirrors: [broken.host, `http://${mirror.host}`] } }
    const there = await place.store('there', { registries })
    const before = origin.requests.length
    await there.pull(`${origin.host}/team/a:1`)
    expect(origin.requests.length).toBe(before)
    const spoilt = await place.store('spoilt', { registries })
    mirror.inject({ kind: 'wrong-bytes', on: ({ path }) => path.includes('/blobs/'), times: 99 })
    await spoilt.pull(`${origin.host}/team/a:1`)
    await tidy(spoilt)
    await mirror.close()
    const third = await place.store('third', { registries })
    expect((await third.pull(`${origin.host}/team/a:1`)).digest).toBe(image.digest)
  })
})
