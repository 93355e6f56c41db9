// Documents from outside: what is taken, what is refused, and where the error points.
import { describe, expect, it } from 'vitest'
import { FormatError, utf8 } from '../../src/core/index.js'
import {
  CONFIG_MAX_BYTES,
  checkLayoutFile,
  decodeConfig,
  decodeIndex,
  decodeManifest,
  decodeManifestOrIndex,
  encodeJson,
  layoutFile,
  layoutIndex,
  MANIFEST_MAX_BYTES,
  MEDIA_TYPE,
  mediaTypeOf,
  refNameOf,
  withRefName,
} from '../../src/oci/index.js'

const digest = `sha256:${'a'.repeat(64)}` as const
const descriptor = { mediaType: MEDIA_TYPE.layerGzip, digest, size: 3 }
const config = { mediaType: MEDIA_TYPE.config, digest, size: 2 }
const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPE.manifest, config, layers: [descriptor] }
const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: [{ ...descriptor, mediaType: MEDIA_TYPE.manifest }] }
const imageConfig = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [digest] } }

const json = (value: unknown) => utf8(JSON.stringify(value))
function failure(step: () => unknown): FormatError {
  try {
    step()
  } catch (error) {
    if (error instanceof FormatError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('decodeManifest', () => {
  it('takes OCI and Docker manifests, with unknown fields and without a media type', () => {
    expect(decodeManifest(json({ ...manifest, extra: 1 }))).toEqual({ ...manifest, extra: 1 })
    expect(decodeManifest(json({ ...manifest, mediaType: MEDIA_TYPE.dockerManifest })).mediaType).toBe(MEDIA_TYPE.dockerManifest)
    expect(decodeManifest(json({ ...manifest, mediaType: undefined })).mediaType).toBeUndefined()
  })

  it('takes null for absent, and for an empty list, as Go writes it', () => {
    expect(decodeManifest(json({ ...manifest, annotations: null, layers: null }))).toEqual({ ...manifest, layers: [] })
  })

  it.each([
    ['a digest that is too short', { layers: [{ ...descriptor, digest: 'sha256:abc' }] }, '$.layers[0].digest'],
    ['another algorithm', { layers: [{ ...descriptor, digest: `sha512:${'a'.repeat(128)}` }] }, '$.layers[0].digest'],
    ['upper-case digits', { layers: [{ ...descriptor, digest: digest.toUpperCase() }] }, '$.layers[0].digest'],
    ['a path as a digest', { config: { ...config, digest: 'sha256:../../etc/passwd' } }, '$.config.digest'],
    ['a negative size', { layers: [descriptor, { ...descriptor, size: -1 }] }, '$.layers[1].size'],
    ['a fractional size', { layers: [{ ...descriptor, size: 1.5 }] }, '$.layers[0].size'],
    ['a size past 2^53', { layers: [{ ...descriptor, size: 2 ** 53 }] }, '$.layers[0].size'],
    ['a size as text', { layers: [{ ...descriptor, size: '3' }] }, '$.layers[0].size'],
    ['no media type', { layers: [{ ...descriptor, mediaType: undefined }] }, '$.layers[0].mediaType'],
    ['an empty media type', { config: { ...config, mediaType: '' } }, '$.config.mediaType'],
    ['no configuration', { config: undefined }, '$.config'],
    ['no layers', { layers: undefined }, '$.layers'],
    ['layers that are no list', { layers: {} }, '$.layers'],
    ['a layer that is no object', { layers: ['x'] }, '$.layers[0]'],
    ['annotations that are no strings', { annotations: { 'a.b': 1 } }, '$.annotations["a.b"]'],
    ['a media type of something else', { mediaType: MEDIA_TYPE.index }, '$.mediaType'],
    ['layers and manifests in one', { manifests: [] }, '$.manifests'],
    ['schema 1', { schemaVersion: 1 }, '$.schemaVersion'],
    ['no schema version', { schemaVersion: undefined }, '$.schemaVersion'],
    ['a schema version as text', { schemaVersion: '2' }, '$.schemaVersion'],
  ])('refuses %s and says where', (_, change, path) => {
    expect(failure(() => decodeManifest(json({ ...manifest, ...change }))).jsonPath).toBe(path)
  })

  it.each([
    ['garbage after it', utf8(`${JSON.stringify(manifest)}x`)],
    ['a second document after it', utf8(`${JSON.stringify(manifest)}{}`)],
    ['a byte order mark', utf8(`\ufeff${JSON.stringify(manifest)}`)],
    ['bytes that are not UTF-8', Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)],
    ['nothing', new Uint8Array(0)],
    ['a number', utf8('2')],
    ['null', utf8('null')],
    ['a list', utf8('[]')],
    ['arrays 100,000 deep', utf8(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)],
  ])('refuses a document with %s', (_, bytes) => expect(failure(() => decodeManifest(bytes)).jsonPath).toBe('$'))

  it('takes 4 MiB and no byte more', () => {
    const text = JSON.stringify(manifest)
    const fill = (size: number) => utf8(text.replace('{', `{${' '.repeat(size - text.length)}`))
    expect(decodeManifest(fill(MANIFEST_MAX_BYTES))).toEqual(manifest)
    expect(failure(() => decodeManifest(fill(MANIFEST_MAX_BYTES + 1))).message).toContain('more than')
  })

  it('takes 64 levels and not 65, wherever the brackets are, but not those in strings', () => {
    const nested = (depth: number) => utf8(JSON.stringify(manifest).replace('{', `{"x":${'['.repeat(depth)}${']'.repeat(depth)},`))
    expect(decodeManifest(nested(63)).schemaVersion).toBe(2)
    expect(failure(() => decodeManifest(nested(64))).message).toContain('nested')
    expect(decodeManifest(json({ ...manifest, annotations: { a: `\\"${'['.repeat(100)}` } })).schemaVersion).toBe(2)
  })
})

describe('decodeIndex', () => {
  it('takes an index with platforms', () => {
    const platform = { os: 'windows', architecture: 'amd64', 'os.version': '10.0.20348.1', 'os.features': ['win32k'] }
    const withPlatform = { ...index, manifests: [{ ...index.manifests[0], platform }] }
    expect(decodeIndex(json(withPlatform))).toEqual(withPlatform)
  })

  it.each([
    [{ layers: [] }, '$.layers'],
    [{ config }, '$.config'],
    [{ manifests: [{ ...descriptor, platform: { os: 'linux' } }] }, '$.manifests[0].platform.architecture'],
    [{ manifests: [{ ...descriptor, platform: { os: '', architecture: 'arm' } }] }, '$.manifests[0].platform.os'],
    [{ mediaType: MEDIA_TYPE.manifest }, '$.mediaType'],
  ])('refuses %j', (change, path) => expect(failure(() => decodeIndex(json({ ...index, ...change }))).jsonPath).toBe(path))
})

describe('decodeManifestOrIndex', () => {
  it('tells the two apart and names their type', () => {
    const kinds = [manifest, index].map((document) => decodeManifestOrIndex(json({ ...document, mediaType: undefined })))
    expect(kinds.map((document) => document.kind)).toEqual(['manifest', 'index'])
    expect(kinds.map(mediaTypeOf)).toEqual([MEDIA_TYPE.manifest, MEDIA_TYPE.index])
  })

  it('refuses what is both', () => expect(() => decodeManifestOrIndex(json({ ...manifest, manifests: [] }))).toThrow(FormatError))
})

describe('decodeConfig', () => {
  it('takes every field, and null where Go writes it', () => {
    const run = {
      User: '1:2',
      Env: ['A=b'],
      Entrypoint: ['/x'],
      Cmd: null,
      WorkingDir: '/',
      Labels: { a: 'b' },
      ExposedPorts: { '80/tcp': {} },
      Volumes: { '/v': null },
      StopSignal: 'SIGINT',
      Healthcheck: { Test: ['CMD', 'x'], Interval: 1_000_000_000, Retries: 3 },
    }
    const { Cmd: _, ...rest } = run
    const decoded = decodeConfig(
      json({ ...imageConfig, config: run, history: [{ created_by: 'x', empty_layer: true }], docker_version: '1' }),
    )
    expect(decoded.config).toEqual({ ...rest, Volumes: { '/v': {} } })
    expect(decoded).toHaveProperty('docker_version', '1')
    expect(decodeConfig(json({ ...imageConfig, rootfs: { type: 'layers', diff_ids: null } })).rootfs.diff_ids).toEqual([])
  })

  it.each([
    [{ config: { Env: 'A=b' } }, '$.config.Env'],
    [{ config: { Cmd: [1] } }, '$.config.Cmd[0]'],
    [{ config: { Labels: { x: null, y: 2 } } }, '$.config.Labels.y'],
    [{ config: { ExposedPorts: ['80'] } }, '$.config.ExposedPorts'],
    [{ config: { Volumes: { '/v': 1 } } }, '$.config.Volumes["/v"]'],
    [{ config: { Healthcheck: { Interval: 0.5 } } }, '$.config.Healthcheck.Interval'],
    [{ rootfs: { type: 'layer', diff_ids: [] } }, '$.rootfs.type'],
    [{ rootfs: { type: 'layers', diff_ids: ['md5:x'] } }, '$.rootfs.diff_ids[0]'],
    [{ rootfs: undefined }, '$.rootfs'],
    [{ architecture: undefined }, '$.architecture'],
    [{ history: [{ empty_layer: 'yes' }] }, '$.history[0].empty_layer'],
  ])('refuses %j', (change, path) => expect(failure(() => decodeConfig(json({ ...imageConfig, ...change }))).jsonPath).toBe(path))

  it('is refused past 8 MiB', () => expect(() => decodeConfig(new Uint8Array(CONFIG_MAX_BYTES + 1).fill(0x20))).toThrow(FormatError))
})

describe('encodeJson', () => {
  const text = (value: unknown) => new TextDecoder().decode(encodeJson(value))

  it('sorts keys, digits too, and leaves out what is undefined', () => {
    expect(text({ b: 1, a: { d: undefined, c: [1, undefined, { z: 1, y: null }] }, 10: 'x', 9: 'y' })).toBe(
      '{"10":"x","9":"y","a":{"c":[1,null,{"y":null,"z":1}]},"b":1}',
    )
  })

  it('gives the same bytes whatever the order of the fields', () => {
    expect(text({ x: 1, y: { a: 1, b: 2 } })).toBe(text({ y: { b: 2, a: 1 }, x: 1 }))
  })

  it('keeps a key named __proto__ as data', () => expect(text(JSON.parse('{"__proto__":{"a":1}}'))).toBe('{"__proto__":{"a":1}}'))
})

describe('the files of a layout', () => {
  it('are of version 1.0.0, and no other is taken', () => {
    expect(new TextDecoder().decode(layoutFile())).toBe('{"imageLayoutVersion":"1.0.0"}')
    checkLayoutFile(layoutFile())
    expect(failure(() => checkLayoutFile(json({ imageLayoutVersion: '2.0.0' }))).jsonPath).toBe('$.imageLayoutVersion')
    expect(() => checkLayoutFile(json({}))).toThrow(FormatError)
  })

  it('list descriptors with their tags', () => {
    const named = withRefName(config, '1')
    expect(refNameOf(named)).toBe('1')
    expect(refNameOf(decodeIndex(layoutIndex([named])).manifests[0]!)).toBe('1')
    expect(withRefName(named, undefined)).toEqual(config)
    expect(withRefName({ ...config, annotations: { other: 'x' } }, '2').annotations).toMatchObject({ other: 'x' })
  })
})
