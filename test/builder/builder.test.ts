import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { contentOf } from '../../src/api/store.js'
import { type BuildEvent, ImageBuilder, type RunStep } from '../../src/builder/index.js'
import { ExitError } from '../../src/core/index.js'
import type { Change } from '../../src/layer/index.js'
import { contents, textIn, workshop } from './support.js'

const shop = workshop()
const scratch = () => shop.store.build('scratch')

describe('a builder', () => {
  it('is a value: each call gives another, and nothing happens before commit', async () => {
    const before = scratch()
    const one = before.copy(shop.path('not there yet'), '/x')
    const two = before.write('/y', 'y')
    expect(readdirSync(shop.path('store', 'blobs', 'sha256'))).toEqual([])
    expect(await contents(await two.commit())).toEqual([['file 644 0:0 /y']])
    expect(await contents(await before.commit())).toEqual([])
    mkdirSync(shop.path('not there yet'))
    expect(await contents(await one.commit())).toEqual([['directory 755 0:0 /x']])
  })

  it('gives the same digests for the same inputs, whatever the day and the order of files', async () => {
    for (const [directory, names] of [
      ['one', 'abc'],
      ['two', 'cba'],
    ] as const) {
      mkdirSync(shop.path(directory))
      for (const name of names) writeFileSync(shop.path(directory, name), name)
    }
    const build = (directory: string) => scratch().copy(shop.path(directory), '/app').env({ A: '1' }).cmd(['/app/a'])
    const [one, two, again] = [await build('one').commit(), await build('two').commit(), await build('one').commit({ cache: false })]
    expect(two.digest).toBe(one.digest)
    expect(again.digest).toBe(one.digest)
    expect((await build('one').commit({ createdAt: new Date(86_400_000) })).digest).not.toBe(one.digest)
  })

  it('takes its time from SOURCE_DATE_EPOCH', async () => {
    process.env['SOURCE_DATE_EPOCH'] = '1700000000'
    try {
      const image = await scratch().write('/x', 'x').commit()
      expect((await image.config()).created).toBe('2023-11-14T22:13:20Z')
      const [layer] = await image.layers()
      for await (const entry of layer!.entries()) expect('mtimeNs' in entry && entry.mtimeNs).toBe(1_700_000_000_000_000_000n)
      process.env['SOURCE_DATE_EPOCH'] = 'yesterday'
      await expect(scratch().commit()).rejects.toThrow(RangeError)
    } finally {
      delete process.env['SOURCE_DATE_EPOCH']
    }
  })

  it('removes what is below as a deletion', async () => {
    const image = await scratch().write('/a/b', 'x').remove('/a/b').write('/c', 'c').remove('/a').commit()
    expect((await contents(image)).slice(1)).toEqual([['directory 755 0:0 /a', 'whiteout /a/b'], ['file 644 0:0 /c'], ['whiteout /a']])
    await shop.store.unpack(image, shop.path('tree'))
    expect(readdirSync(shop.path('tree'))).toEqual(['c'])
  })

  it('compresses as it is told', async () => {
    for (const [compression, ending] of [
      ['gzip', 'tar+gzip'],
      ['zstd', 'tar+zstd'],
      ['none', 'tar'],
    ] as const) {
      const committing = scratch().write('/x', 'x').commit({ compression })
      const [layer] = await (await committing).layers()
      expect(layer!.mediaType).toBe(`application/vnd.oci.image.layer.v1.${ending}`)
    }
  })

  it('uses layers that were made before, and says so', async () => {
    const build = scratch().write('/x', 'x'.repeat(10_000)).env({ A: '1' })
    const done = async (cache?: boolean) => {
      const events: BuildEvent[] = []
      await build.commit({ cache, onEvent: (event) => events.push(event) })
      return events.map((event) => (event.kind === 'done' ? `${event.name} ${event.cached}` : event.kind))
    }
    expect(await done()).toEqual(['start', 'write /x false', 'start', 'env A false'])
    expect(await done()).toEqual(['start', 'write /x true', 'start', 'env A false'])
    expect(await done(false)).toEqual(['start', 'write /x false', 'start', 'env A false'])
    await shop.store.gc()
    expect(await done()).toEqual(['start', 'write /x false', 'start', 'env A false'])
  })

  it('on a base whose layers were seen before reads none of them', async () => {
    const base = await scratch().write('/usr/lib/x', 'x').commit({ tag: 'base:1' })
    const [layer] = await base.layers()
    const build = () => shop.store.build('base:1').write('/usr/lib/y', 'y').commit()
    const { digest } = await build()
    writeFileSync(shop.path('store', 'blobs', 'sha256', layer!.digest.slice(7)), Buffer.alloc(layer!.size))
    expect((await build()).digest).toBe(digest)
    for (const name of readdirSync(shop.path('store', 'cache'))) writeFileSync(shop.path('store', 'cache', name), 'cut off')
    expect((await build()).digest).toBe(digest)
    // The trees of the last two bases are in memory. With others there it has to be read, and cannot.
    for (const name of ['/a', '/b'])
      await shop.store
        .build(await scratch().write(name, name).commit())
        .write('/usr/lib/y', 'y')
        .commit()
    await expect(build()).rejects.toMatchObject({ code: 'ERR_FORMAT' })
  })

  it('forgets what it remembered of collected layers', async () => {
    await scratch().write('/x', 'x').commit()
    expect(readdirSync(shop.path('store', 'cache'))).toHaveLength(2)
    await shop.store.gc()
    expect(readdirSync(shop.path('store', 'cache'))).toEqual([])
  })

  it('that is aborted stops with the reason', async () => {
    const abort = new AbortController()
    const build = scratch().write('/x', 'x').write('/y', 'y')
    const committing = build.commit({ signal: abort.signal, onEvent: (event) => event.kind === 'done' && abort.abort(new Error('enough')) })
    await expect(committing).rejects.toThrow('enough')
    await expect(build.commit({ signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before')
  })
})

describe('the configuration', () => {
  it('has what the calls said, merged over the base', async () => {
    const base = await scratch().env({ A: '1', B: '2', PATH: '/bin' }).cmd(['base']).label({ x: '1', y: '2' }).commit()
    const image = await shop.store
      .build(base)
      .env({ B: undefined, C: '3', A: 'one' })
      .workdir('/srv')
      .workdir('app')
      .user('1000:1000')
      .label({ x: undefined, z: '3' })
      .expose(80, '53/udp')
      .volume('/data/')
      .stopSignal('SIGINT')
      .healthcheck({ test: ['true'], intervalMs: 1500, retries: 3 })
      .commit()
    expect((await image.config()).config).toEqual({
      Env: ['PATH=/bin', 'C=3', 'A=one'],
      Cmd: ['base'],
      WorkingDir: '/srv/app',
      User: '1000:1000',
      Labels: { y: '2', z: '3' },
      ExposedPorts: { '80/tcp': {}, '53/udp': {} },
      Volumes: { '/data': {} },
      StopSignal: 'SIGINT',
      Healthcheck: { Test: ['CMD', 'true'], Interval: 1_500_000_000, Retries: 3 },
    })
  })

  it('loses an inherited cmd with a new entrypoint, but not one’s own', async () => {
    const base = await scratch().entrypoint(['/a']).cmd(['x']).commit()
    expect((await (await shop.store.build(base).entrypoint(['/b']).commit()).config()).config).toEqual({ Entrypoint: ['/b'] })
    expect((await (await shop.store.build(base).cmd(['y']).entrypoint(['/b']).commit()).config()).config).toEqual({
      Entrypoint: ['/b'],
      Cmd: ['y'],
    })
  })

  it('has a history in which only filesystem steps have layers', async () => {
    const image = await scratch().env({ A: '1' }).write('/x', 'x').commit()
    const created = '1970-01-01T00:00:00Z'
    expect((await image.config()).history).toEqual([
      { created, created_by: 'env A', empty_layer: true },
      { created, created_by: 'write /x' },
    ])
  })

  it('names the platform: the host’s, the one asked for, the base’s', async () => {
    const own = await (await scratch().commit()).config()
    expect([own.os, own.architecture]).toEqual([process.platform, process.arch === 'x64' ? 'amd64' : process.arch])
    const arm = await scratch().commit({ platform: 'linux/arm64/v8' })
    expect((await arm.config()).architecture).toBe('arm64')
    expect((await (await shop.store.build(arm).write('/x', '').commit()).config()).architecture).toBe('arm64')
    await expect(shop.store.build(arm).commit({ platform: 'linux/s390x' })).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED' })
  })
})

describe('the base host', () => {
  it('is an annotation, and puts nothing of the host into the image', async () => {
    const image = await shop.store
      .build('host')
      .write('/etc/stratabox.conf', 'x')
      .write('/bin/mine', 'x')
      .write('/opt-x/y', 'x')
      .commit({ tag: 'host:1' })
    expect((await image.manifest()).annotations).toEqual({ 'dev.stratabox.base': 'host' })
    const [etc, bin, other] = await contents(image)
    expect(etc).toEqual(['file 644 0:0 /etc/stratabox.conf'])
    expect(bin![0]).toMatch(/^file 644 0:0 (\/usr)?\/bin\/mine$/)
    expect(other).toEqual(['directory 755 0:0 /opt-x', 'file 644 0:0 /opt-x/y'])
  })

  it('is not saved, unless that is allowed', async () => {
    await shop.store.build('host').write('/etc/x', 'x').commit({ tag: 'host:1' })
    await expect(shop.store.save('host:1', shop.path('out'), { format: 'oci-layout' })).rejects.toMatchObject({ code: 'ERR_HOST_BASE' })
    expect(readdirSync(shop.directory)).toEqual(['store'])
    await shop.store.save('host:1', shop.path('out'), { format: 'oci-layout', allowHostBase: true })
  })
})

describe('a run step', () => {
  const builder = (runStep: RunStep | undefined) =>
    new ImageBuilder(
      { content: contentOf(shop.store), resolve: () => Promise.reject(new Error('no reference')), tag: async () => {}, runStep },
      'scratch',
    )
  const later = BigInt(Date.now()) * 1_000_000n
  const change: Change = {
    kind: 'add',
    path: '/made',
    entry: { type: 'directory', path: '/made', mode: 0o755, uid: 0, gid: 0, mtimeNs: later, xattrs: {} },
  }

  it('makes a layer of what the command changed, with the build’s own time, once', async () => {
    const runs: string[] = []
    const run: RunStep = async ({ image, command, onOutput, options }) => {
      runs.push(`${String(command)} ${JSON.stringify(options)} on ${(await image.layers()).length} layers`)
      onOutput('stdout', 'hello')
      return {
        changes: async function* () {
          yield change
        },
        [Symbol.asyncDispose]: async () => void runs.push('disposed'),
      }
    }
    const events: BuildEvent[] = []
    const build = builder(run)
      .write('/x', 'x')
      .run('make', { env: { A: '1' } })
    const image = await build.commit({ onEvent: (event) => events.push(event) })
    expect(runs).toEqual(['make {"env":{"A":"1"}} on 1 layers', 'disposed'])
    expect((await contents(image))[1]).toEqual(['directory 755 0:0 /made'])
    for await (const entry of (await image.layers())[1]!.entries()) expect('mtimeNs' in entry && entry.mtimeNs).toBe(0n)
    expect(events).toContainEqual({ kind: 'output', index: 1, stream: 'stdout', text: 'hello' })
    expect((await build.commit()).digest).toBe(image.digest)
    expect(runs).toHaveLength(2)
    await builder(run)
      .write('/x', 'y')
      .run('make', { env: { A: '1' } })
      .commit()
    await builder(run)
      .write('/x', 'x')
      .run('make', { env: { A: '2' } })
      .commit()
    await build.commit({ cache: false })
    expect(runs).toHaveLength(8)
  })

  it('that fails rejects the commit', async () => {
    const failing = builder(() => Promise.reject(new ExitError('make ended with exit code 2', { exitCode: 2 })))
    await expect(failing.run(['make']).commit()).rejects.toBeInstanceOf(ExitError)
  })

  it('is refused where nothing can run it', async () => {
    await expect(builder(undefined).run(['make']).commit()).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED' })
  })
})

describe('misuse', () => {
  it.each([
    ['an unknown option of copy', () => scratch().copy('a', '/b', { chown: '1' } as never), /copy: unknown option 'chown'/],
    ['an unknown option of write', () => scratch().write('/b', '', { chmod: 1 } as never), /write: unknown option 'chmod'/],
    ['an owner of three parts', () => scratch().copy('a', '/b', { owner: 'a:b:c' }), /owner must be/],
    ['an owner with a sign', () => scratch().copy('a', '/b', { owner: '-1' }), /owner must be/],
    ['a mode out of range', () => scratch().write('/b', '', { mode: 0o10000 }), /mode must be an integer from 0 to 4095/],
    ['a URL that is no file', () => scratch().copy(new URL('https://example.com/'), '/b'), /not a file URL/],
    ['an empty path', () => scratch().write('', ''), /not a path/],
    ['a NUL in a path', () => scratch().remove('/a\0'), /not a path/],
    ['no program', () => scratch().program(), /at least one/],
    ['an empty command', () => scratch().run([]), /command must be/],
    ['a port of 0', () => scratch().expose(0), /not a port/],
    ['a variable with =', () => scratch().env({ 'A=B': '1' }), /not a variable's name/],
    ['an entrypoint that is a string', () => scratch().entrypoint('/bin/sh' as never), /must be an array/],
    ['a relative volume', () => scratch().volume('data'), /not an absolute path/],
    ['a base that is nothing', () => shop.store.build(undefined as never), /base must be/],
    ['an unknown option of build', () => shop.store.build('scratch', { push: 1 } as never), /unknown option 'push'/],
  ])('%s is told at the call', (_, call, message) => {
    expect(call).toThrow(message)
  })

  it.each([
    [{ tags: 'x' }, /unknown option 'tags'/],
    [{ compression: 'xz' }, /'gzip', 'zstd' or 'none'/],
    [{ createdAt: new Date(Number.NaN) }, /valid Date/],
    [{ platform: 'linux' }, /platform/],
    [{ tag: 'Upper/../x' }, /reference/],
  ])('of commit is told by name: %j', async (options, message) => {
    await expect(scratch().commit(options as never)).rejects.toThrow(message)
  })

  it('a reference that is not there says what a reference is', async () => {
    await expect(shop.store.build('app:1').commit()).rejects.toMatchObject({
      code: 'ERR_IMAGE_NOT_FOUND',
      remedy: expect.stringContaining('local tag'),
    })
  })
})

it('writes text and bytes', async () => {
  const image = await scratch()
    .write('/t', 'äöü')
    .write('/b', Uint8Array.of(1, 2, 3), { mode: 0o600, owner: { uid: 1, gid: 2 } })
    .commit()
  expect(await textIn(image, '/t')).toBe('äöü')
  expect((await contents(image))[1]).toEqual(['file 600 1:2 /b'])
})
