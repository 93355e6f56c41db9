// Requirements of the distribution-spec, workflows "Content Discovery" (end-8, end-12) and "Content Management" (end-9, end-10).
import { expect } from 'vitest'
import { encodeJson, MEDIA_TYPE } from '../../../src/oci/index.js'
import { type Named, NOTHING, type Requirement, sha256, type Wire } from './wire.js'

const BEFORE = 'it is older than referrers'

async function subjectWithReferrers(wire: Wire, name: string): Promise<{ subject: Named; referrers: readonly Named[] }> {
  const subject = await wire.put(name, 'subject', 'subject')
  const annotations = { 'org.example.key': 'value' }
  const referrers = [
    await wire.put(name, undefined, 'sbom', { subject, artifactType: 'application/vnd.example.sbom', annotations }),
    await wire.put(name, undefined, 'plain', { subject }),
  ]
  const index = new Uint8Array(encodeJson({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: [], subject }))
  await wire.send(name, sha256(index), index, MEDIA_TYPE.index)
  return { subject, referrers: [...referrers, { mediaType: MEDIA_TYPE.index, digest: sha256(index), size: index.length }] }
}

export const DISCOVERY: readonly Requirement[] = [
  {
    id: 'end-8a',
    what: 'lists the tags of a repository in order',
    debian: 'its tags are in no order',
    async run(wire, name) {
      for (const tag of ['b', 'A', 'c', 'a1', '_x']) await wire.put(name, tag, 'x')
      expect(await wire.json(`/v2/${name}/tags/list`)).toEqual({ name, tags: ['_x', 'A', 'a1', 'b', 'c'] })
    },
  },
  {
    id: 'end-8b',
    what: 'lists so many tags, after a last one, and none where none are wanted',
    debian: 'it has no pages of tags',
    async run(wire, name) {
      for (const tag of ['a', 'b', 'c', 'd']) await wire.put(name, tag, 'x')
      for (const [query, tags] of [
        ['n=2', ['a', 'b']],
        ['n=2&last=b', ['c', 'd']],
        ['n=9&last=a', ['b', 'c', 'd']],
        ['last=c', ['d']],
        ['last=bb', ['c', 'd']],
        ['n=0', []],
        ['n=2&last=d', []],
      ] as const)
        expect(await wire.json(`/v2/${name}/tags/list?${query}`), query).toEqual({ name, tags })
      expect((await wire.ask('GET', `/v2/${name}/tags/list?n=0`, 200)).headers.get('link')).toBeNull()
      const seen: unknown[] = []
      for (let url: string | undefined = `/v2/${name}/tags/list?n=3`; url !== undefined; ) {
        const response: Response = await wire.ask('GET', url, 200)
        seen.push(...((await response.json()) as { tags: string[] }).tags)
        url = wire.next(response)
      }
      expect(seen).toEqual(['a', 'b', 'c', 'd'])
    },
  },
  {
    id: 'end-12a',
    what: 'lists what refers to a manifest: type, artifact type (else that of the configuration), annotations',
    debian: BEFORE,
    async run(wire, name) {
      const { subject, referrers } = await subjectWithReferrers(wire, name)
      const response = await wire.ask('GET', `/v2/${name}/referrers/${subject.digest}`, 200)
      expect(response.headers.get('content-type')).toBe(MEDIA_TYPE.index)
      expect(response.headers.get('oci-filters-applied')).toBeNull()
      const body = (await response.json()) as { manifests: Named[] }
      expect(body).toMatchObject({ schemaVersion: 2, mediaType: MEDIA_TYPE.index })
      const expected = [
        { ...referrers[0], artifactType: 'application/vnd.example.sbom', annotations: { 'org.example.key': 'value' } },
        { ...referrers[1], artifactType: 'application/vnd.example.config' },
        referrers[2],
      ]
      const byDigest = (a: Named | undefined, b: Named | undefined) => (a!.digest < b!.digest ? -1 : 1)
      expect([...body.manifests].sort(byDigest)).toEqual([...expected].sort((a, b) => byDigest(a as Named, b as Named)))
    },
  },
  {
    id: 'end-12a none',
    what: 'lists nothing for a manifest that nothing refers to, there or not, and 400 for no digest',
    debian: BEFORE,
    async run(wire, name) {
      await wire.put(name, 'one', 'x')
      expect(await wire.json(`/v2/${name}/referrers/${NOTHING}`)).toMatchObject({ manifests: [] })
      await wire.codes('GET', `/v2/${name}/referrers/sha256:abc`, 400)
    },
  },
  {
    id: 'end-12b',
    what: 'lists only those of an artifact type, and says so',
    debian: BEFORE,
    async run(wire, name) {
      const { subject, referrers } = await subjectWithReferrers(wire, name)
      for (const [type, found] of [
        ['application/vnd.example.sbom', referrers.slice(0, 1)],
        ['application/vnd.example.config', referrers.slice(1, 2)],
        ['application/vnd.example.none', []],
      ] as const) {
        const response = await wire.ask('GET', `/v2/${name}/referrers/${subject.digest}?artifactType=${encodeURIComponent(type)}`, 200)
        expect(response.headers.get('oci-filters-applied')).toBe('artifactType')
        const { manifests } = (await response.json()) as { manifests: Named[] }
        expect(manifests.map(({ digest }) => digest)).toEqual(found.map(({ digest }) => digest))
      }
    },
  },
  {
    id: 'end-9 tag',
    what: 'removes a tag, and not its manifest',
    debian: 'it removes by digest alone',
    async run(wire, name) {
      const { digest } = await wire.put(name, 'one', 'x')
      await wire.ask('DELETE', `/v2/${name}/manifests/one`, 202)
      await wire.ask('GET', `/v2/${name}/manifests/one`, 404)
      await wire.ask('GET', `/v2/${name}/manifests/${digest}`, 200)
      await wire.codes('DELETE', `/v2/${name}/manifests/one`, 404)
    },
  },
  {
    id: 'end-9 manifest',
    what: 'removes a manifest with its tags, and 404 where there is none',
    async run(wire, name) {
      const { digest } = await wire.put(name, 'one', 'x')
      await wire.put(name, 'other', 'y')
      await wire.ask('DELETE', `/v2/${name}/manifests/${digest}`, 202)
      for (const reference of ['one', digest]) await wire.ask('GET', `/v2/${name}/manifests/${reference}`, 404)
      await wire.codes('DELETE', `/v2/${name}/manifests/${digest}`, 404)
      await wire.codes('DELETE', `/v2/${name}-none/manifests/${NOTHING}`, 404)
    },
  },
  {
    id: 'end-9 referrer',
    what: 'does not list a referrer that was removed',
    debian: BEFORE,
    async run(wire, name) {
      const { subject, referrers } = await subjectWithReferrers(wire, name)
      for (const { digest } of referrers) await wire.ask('DELETE', `/v2/${name}/manifests/${digest}`, 202)
      expect(await wire.json(`/v2/${name}/referrers/${subject.digest}`)).toMatchObject({ manifests: [] })
    },
  },
  {
    id: 'end-10',
    what: 'removes a blob, and 404 where there is none',
    async run(wire, name) {
      const { digest } = await wire.blob(name, 'x')
      await wire.ask('DELETE', `/v2/${name}/blobs/${digest}`, 202)
      await wire.ask('GET', `/v2/${name}/blobs/${digest}`, 404)
      await wire.codes('DELETE', `/v2/${name}/blobs/${digest}`, 404)
    },
  },
]
