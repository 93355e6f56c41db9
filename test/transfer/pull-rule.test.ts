// When a sandbox or a build pulls what it begins from, and what of that goes on at the same time.
import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Sandbox } from '../../src/api/index.js'
import { RegistryError } from '../../src/core/index.js'
import { textIn } from '../builder/support.js'
import { pseudoRandom, registryFor } from '../registry/support/registry.js'
import { eventually } from '../support/descendants.js'
import { depot, imageOf } from './support/depot.js'

const place = depot()

describe('the pull rule', () => {
  it('pulls a base that is missing, or each time; a short reference never leaves the machine', async () => {
    const registry = await registryFor()
    const [here, there] = [await place.store('here'), await place.store('there')]
    const ref = `${registry.host}/base:1`
    await here.push(await imageOf(here, [10]), ref)
    await expect(there.build(ref, { pull: 'never' }).write('/x', 'x').commit()).rejects.toMatchObject({ code: 'ERR_IMAGE_NOT_FOUND' })
    expect(registry.requests.filter(({ method }) => method === 'GET')).toHaveLength(1)
    const first = await there.build(ref).write('/x', 'x').commit()
    const asked = registry.requests.length
    await there.build(ref).write('/x', 'x').commit()
    expect(registry.requests).toHaveLength(asked)
    await here.push(await imageOf(here, [11]), ref)
    expect((await there.build(ref).write('/x', 'x').commit()).digest).toBe(first.digest)
    expect((await there.build(ref, { pull: 'always' }).write('/x', 'x').commit()).digest).not.toBe(first.digest)
    for (const pull of ['missing', 'never', 'always'] as const) {
      const error = await there
        .build('alpine:3', { pull })
        .commit()
        .catch((failure) => failure)
      expect(error).toMatchObject({ code: 'ERR_IMAGE_NOT_FOUND', remedy: expect.stringContaining('docker.io/library/') })
    }
  })

  it('pulls the base for the platform that is built for', async () => {
    const registry = await registryFor()
    const [here, there] = [await place.store('here'), await place.store('there')]
    const images = await Promise.all(
      (['linux/amd64', 'linux/arm64'] as const).map((platform) => here.build('scratch').write('/p', platform).commit({ platform })),
    )
    const ref = `${registry.host}/base:1`
    await here.push(await here.index(images), ref)
    for (const platform of ['linux/arm64', 'linux/amd64'] as const)
      expect(await textIn(await there.build(ref).cmd(['/p']).commit({ platform }), '/p')).toBe(platform)
  })

  it('unpacks for a sandbox what has come, while the rest is on its way', async () => {
    const registry = await registryFor()
    const [here, there] = [await place.store('here'), await place.store('there')]
    const first = await here.build('scratch').program('/bin/echo').write('/first', pseudoRandom(200_000, 1)).commit()
    const image = await here.build(first).write('/last', pseudoRandom(200_000, 2)).commit()
    const ref = `${registry.host}/runtime:1`
    await here.push(image, ref)
    const last = (await image.layers()).at(-1)!
    const unpacked = () => readdirSync(place.path('there', 'layers', process.getuid?.() === 0 ? 'root' : 'single'))
    // The last layer does not end before the first one is unpacked.
    registry.inject({ kind: 'hang', afterBytes: 100_000, on: ({ path }) => path.endsWith(last.digest) })
    const controller = new AbortController()
    const creating = Sandbox.create({ store: there, root: ref, signal: controller.signal })
    creating.catch(() => undefined)
    expect(await eventually(() => unpacked().length > 0)).toBe(true)
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(creating).rejects.toBe(reason)
    expect(await there.get(ref)).toBeUndefined()
    const box = await Sandbox.create({ store: there, root: ref })
    try {
      expect((await box.run(['/bin/echo', 'both'])).stdout).toBe('both\n')
      expect((await box.fs.readFile('/last')).length).toBe(200_000)
    } finally {
      await box.close()
    }
    expect((await there.verify()).problems).toEqual([])
  })

  it('lets a sandbox begin from a registry', async () => {
    const registry = await registryFor()
    const [here, there] = [await place.store('here'), await place.store('there')]
    const ref = `${registry.host}/runtime:1`
    await here.push(await here.build('scratch').program('/bin/echo').entrypoint(['/bin/echo', 'pulled']).commit(), ref)
    const options = { store: there, root: ref } as const
    await expect(Sandbox.create({ ...options, pull: 'never' })).rejects.toMatchObject({ code: 'ERR_IMAGE_NOT_FOUND' })
    const box = await Sandbox.create(options)
    try {
      expect((await box.run()).stdout).toBe('pulled\n')
    } finally {
      await box.close()
    }
    await expect(Sandbox.create({ store: there, root: `${registry.host}/none:1` })).rejects.toThrow(RegistryError)
    await expect(Sandbox.create({ store: there, root: 'none:1', pull: 'always' })).rejects.toMatchObject({ code: 'ERR_IMAGE_NOT_FOUND' })
  })
})
