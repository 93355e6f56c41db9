// Debian's docker-registry, skopeo and podman: they get exactly our digests, and we exactly theirs.
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { Store } from '../../src/api/store.js'
import { digestOf } from '../../src/core/index.js'
import { RegistryClient } from '../../src/registry/index.js'
import { TestRegistry } from '../../src/testing/index.js'
import { all, blob, digestOfAll, pseudoRandom, pushArtifact } from '../registry/support/registry.js'
import { requires } from '../support/requires.js'
import { depot, imageOf } from './support/depot.js'
import { certificates, dockerRegistry, htpasswd, tokenServer } from './support/docker-registry.js'

const place = depot()
const auth = { username: 'someone', password: 'S3cret:pass' }

/** Not waiting with the event loop: one of the registries is in this process. */
const run = async (program: string, args: readonly string[]) => (await promisify(execFile)(program, args, { timeout: 120_000 })).stdout

async function thereAndBack(here: Store, there: Store, host: string, options: object): Promise<void> {
  const platforms = ['linux/amd64', 'linux/arm64'] as const
  const images = await Promise.all(platforms.map((platform) => here.build('scratch').write('/p', platform).commit({ platform })))
  const index = await here.index(images)
  const image = await imageOf(here, [3_000_000, 10])
  await expect(here.push(image, `${host}/team/app:1`, options)).resolves.toMatchObject({ digest: image.digest })
  await expect(here.push(index, `${host}/team/app:multi`, options)).resolves.toMatchObject({ digest: index.digest })
  expect((await there.pull(`${host}/team/app:1`, options)).digest).toBe(image.digest)
  expect((await there.pull(`${host}/team/app:multi`, { ...options, platform: 'linux/arm64' })).digest).toBe(images[1]!.digest)
  expect((await there.verify()).problems).toEqual([])
}

describe("Debian's docker-registry", () => {
  it('open: images and indexes go there and come back', async (ctx) => {
    requires(ctx, 'docker-registry')
    const { host } = await dockerRegistry(place.path('registry'))
    await thereAndBack(await place.store('here'), await place.store('there'), host, {})
  })

  it('with passwords: they open it, others do not', async (ctx) => {
    requires(ctx, 'docker-registry', 'htpasswd')
    const { host } = await dockerRegistry(place.path('registry'), { auth: htpasswd(place.path('auth'), auth.username, auth.password) })
    const [here, there] = [await place.store('here'), await place.store('there')]
    await thereAndBack(here, there, host, { auth })
    for (const wrong of [{}, { auth: { ...auth, password: 'no' } }])
      await expect(there.pull(`${host}/team/app:1`, wrong)).rejects.toMatchObject({ code: 'ERR_REGISTRY', status: 401 })
    writeFileSync(place.path('auth.json'), JSON.stringify({ auths: { [host]: { auth: btoa(`${auth.username}:${auth.password}`) } } }))
    await there.pull(`${host}/team/app:1`)
  })

  it('with TLS of an authority of its own: trusted by name, or not checked, never by itself', async (ctx) => {
    requires(ctx, 'docker-registry', 'openssl')
    const { ca, cert, key } = certificates(place.path('tls'))
    const { host } = await dockerRegistry(place.path('registry'), { tls: { cert, key } })
    const [here, there] = [await place.store('here'), await place.store('there')]
    await thereAndBack(here, there, host, { registries: { [host]: { ca: readFileSync(ca, 'utf8') } } })
    await there.pull(`${host}/team/app:1`, { registries: { [host]: { ca } } })
    await there.pull(`${host}/team/app:1`, { insecure: true })
    const byName = await place.store('named', { registries: { [host]: { ca } } })
    await byName.pull(`${host}/team/app:1`)
    for (const options of [{}, { registries: { [host]: { plainHttp: true } } }, { registries: { 'localhost:1': { insecure: true } } }]) {
      const error = await there.pull(`${host}/team/app:1`, options).catch((failure) => failure)
      expect(error).toMatchObject({ code: 'ERR_REGISTRY' })
    }
    await expect(there.pull(`${host}/team/app:1`)).rejects.toThrow(/trust its certificate's authority with `ca`/)
  })

  it('that wants a certificate of its clients gets one', async (ctx) => {
    requires(ctx, 'docker-registry', 'openssl')
    const { ca, cert, key, clientCert, clientKey } = certificates(place.path('tls'))
    const { host } = await dockerRegistry(place.path('registry'), { tls: { cert, key, clientCa: ca } })
    const [here, there] = [await place.store('here'), await place.store('there')]
    await thereAndBack(here, there, host, { registries: { [host]: { ca, cert: clientCert, key: clientKey } } })
    await expect(there.pull(`${host}/team/app:1`, { registries: { [host]: { ca } } })).rejects.toMatchObject({ code: 'ERR_REGISTRY' })
  })

  it('with tokens: they are had from its token server, for what they are needed for', async (ctx) => {
    requires(ctx, 'docker-registry', 'openssl')
    const tokens = await tokenServer(place.path('tokens'), auth.username, auth.password)
    const { host } = await dockerRegistry(place.path('registry'), { auth: tokens.auth })
    const [here, there] = [await place.store('here'), await place.store('there')]
    // Another port is another program's, until the user says otherwise.
    await expect(there.pull(`${host}/team/app:1`, { auth })).rejects.toMatchObject({ remedy: expect.stringContaining('tokenHosts') })
    expect(tokens.requests.every(({ authorization }) => authorization === undefined)).toBe(true)
    tokens.requests.length = 0
    await thereAndBack(here, there, host, { auth, registries: { [host]: { tokenHosts: [tokens.host] } } })
    const scopes = tokens.requests.map(({ url }) => new URL(url, 'http://x').searchParams.getAll('scope').join(' '))
    expect(new Set(scopes)).toEqual(new Set(['repository:team/app:pull', 'repository:team/app:pull,push']))
    await expect(there.pull(`${host}/team/app:1`)).rejects.toMatchObject({ code: 'ERR_REGISTRY', status: 401 })
  })

  it('answers every call of the client', async (ctx) => {
    requires(ctx, 'docker-registry')
    const client = new RegistryClient((await dockerRegistry(place.path('registry'))).host)
    await client.ping()
    const sent = blob(3_000_000)
    await client.uploadBlob('a', sent, { chunkBytes: 1_000_000 })
    expect(await client.headBlob('a', sent.digest)).toBe(sent.size)
    expect(await digestOfAll(client.blob('a', sent))).toBe(sent.digest)
    const offset = await digestOfAll(client.blob('a', sent, { offset: 2_999_000 }))
    expect(offset).toBe(digestOf(sent.bytes.subarray(2_999_000)))
    expect(await client.mountBlob('b', sent.digest, 'a')).toBe(true)
    for (const tag of ['1', '2', '3']) await pushArtifact(client, 'a', tag)
    // Its tags are in no order.
    expect((await all(client.tags('a', { pageSize: 2 }))).sort()).toEqual(['1', '2', '3'])
    expect(await all(client.catalog({ pageSize: 1 }))).toEqual(['a', 'b'])
    const subject = await pushArtifact(client, 'a', 'subject', { text: 'subject' })
    const signature = await pushArtifact(client, 'a', '', { text: 'sig', artifactType: 'example/signature', subject })
    expect((await all(client.referrers('a', subject.digest))).map(({ digest }) => digest)).toEqual([signature.digest])
    expect(await client.deleteManifest('a', signature.digest)).toBe(true)
    expect(await client.deleteBlob('a', sent.digest)).toBe(true)
    await expect(client.manifest('a', 'none')).rejects.toMatchObject({ status: 404, codes: ['MANIFEST_UNKNOWN'] })
  })
})

describe.each(['ours', "Debian's docker-registry"])('through %s', (which) => {
  const registry = async (ctx: Parameters<typeof requires>[0]) => {
    if (which === 'ours') {
      const ours = await TestRegistry.start({ directory: place.path('registry') })
      return { host: ours.host, close: () => ours.close() }
    }
    requires(ctx, 'docker-registry')
    return { ...(await dockerRegistry(place.path('registry'))), close: async () => {} }
  }

  it('skopeo gets exactly our digests, and we get exactly its', async (ctx) => {
    requires(ctx, 'skopeo')
    const { host, close } = await registry(ctx)
    try {
      const [here, there] = [await place.store('here'), await place.store('there')]
      const image = await here.build('scratch').write('/large', pseudoRandom(2_000_000, 1)).write('/small', 'x').cmd(['/x']).commit()
      await here.push(image, `${host}/team/app:1`)
      const skopeo = (...args: string[]) => run('skopeo', args)
      expect(JSON.parse(await skopeo('inspect', '--tls-verify=false', `docker://${host}/team/app:1`)).Digest).toBe(image.digest)
      await skopeo('copy', '--insecure-policy', '--src-tls-verify=false', `docker://${host}/team/app:1`, `oci:${place.path('layout')}:1`)
      const index = JSON.parse(readFileSync(place.path('layout', 'index.json'), 'utf8'))
      expect(index.manifests.map(({ digest }: { digest: string }) => digest)).toEqual([image.digest])
      const other = await here.build(image).write('/skopeo', 'x').commit()
      await here.save(other, place.path('other'), { format: 'oci-layout' })
      await skopeo('copy', '--insecure-policy', '--dest-tls-verify=false', `oci:${place.path('other')}`, `docker://${host}/team/app:2`)
      expect((await there.pull(`${host}/team/app:2`)).digest).toBe(other.digest)
    } finally {
      await close()
    }
  })

  it('podman pulls what was pushed, under its digest', async (ctx) => {
    requires(ctx, 'podman', 'root')
    const { host, close } = await registry(ctx)
    try {
      const here = await place.store('here')
      const image = await here.build('scratch').write('/large', pseudoRandom(100_000, 1)).cmd(['/x']).commit()
      await here.push(image, `${host}/team/app:1`)
      mkdirSync(place.path('podman'))
      const roots = ['--root', place.path('podman/root'), '--runroot', place.path('podman/run'), '--storage-driver', 'vfs']
      const podman = (...args: string[]) => run('podman', [...roots, ...args])
      await podman('pull', '--tls-verify=false', `${host}/team/app:1`)
      expect(JSON.parse(await podman('image', 'inspect', `${host}/team/app:1`))[0].Digest).toBe(image.digest)
    } finally {
      await close()
    }
  })
})
