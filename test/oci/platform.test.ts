// Platforms: aliases, default variants, what fits what.
import { describe, expect, it } from 'vitest'
import { digestOf, utf8 } from '../../src/core/index.js'
import {
  chainIds,
  descriptorPlatform,
  formatPlatform,
  layerCompression,
  layerMediaType,
  MEDIA_TYPE,
  matchesPlatform,
  ociMediaType,
  type Platform,
  parsePlatform,
  platformOf,
} from '../../src/oci/index.js'

describe('a platform', () => {
  it.each([
    ['linux/amd64', 'linux/amd64'],
    ['Linux/x86_64', 'linux/amd64'],
    ['linux/aarch64', 'linux/arm64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['linux/arm64/v9', 'linux/arm64/v9'],
    ['linux/arm', 'linux/arm/v7'],
    ['linux/arm/6', 'linux/arm/v6'],
    ['linux/armhf', 'linux/arm/v7'],
    ['linux/armel', 'linux/arm/v6'],
    ['linux/amd64/v1', 'linux/amd64'],
    ['linux/amd64/v3', 'linux/amd64/v3'],
    ['linux/i386', 'linux/386'],
  ] as const)('%s is %s', (text, normal) => expect(formatPlatform(text)).toBe(normal))

  it.each(['linux', 'linux/', '/amd64', 'linux/arm/v7/x', 'linux/arm/'])('%j is none', (text) => {
    expect(() => parsePlatform(text as Platform)).toThrow(TypeError)
  })

  it('survives the way through a descriptor', () => {
    const platform = parsePlatform({ os: 'windows', architecture: 'amd64', osVersion: '10.0.20348.1' })
    expect(descriptorPlatform(platform)).toEqual({ os: 'windows', architecture: 'amd64', 'os.version': '10.0.20348.1' })
    expect(platformOf(descriptorPlatform(platform))).toEqual(platform)
  })

  it.each([
    ['linux/arm64/v8', 'linux/arm64', true],
    ['linux/arm64', 'linux/amd64', false],
    ['linux/arm/v6', 'linux/arm', false],
    ['windows/amd64', 'linux/amd64', false],
  ] as const)('%s for %s: %s', (offered, wanted, fits) => expect(matchesPlatform(offered, wanted)).toBe(fits))

  it('of Windows fits by its build, not its revision', () => {
    const windows = (osVersion?: string) => ({ os: 'windows', architecture: 'amd64', osVersion })
    expect(matchesPlatform(windows('10.0.20348.1'), windows('10.0.20348.2700'))).toBe(true)
    expect(matchesPlatform(windows('10.0.17763.1'), windows('10.0.20348.1'))).toBe(false)
    expect(matchesPlatform(windows(), windows('10.0.20348.1'))).toBe(true)
  })
})

describe('media types', () => {
  it('of layers name their compression, and back', () => {
    for (const compression of ['gzip', 'zstd', 'none'] as const) expect(layerCompression(layerMediaType(compression))).toBe(compression)
    expect(layerCompression(MEDIA_TYPE.dockerLayerGzip)).toBe('gzip')
    expect(layerCompression('application/x-evil')).toBeUndefined()
  })

  it('of Docker have OCI names', () => {
    expect(ociMediaType(MEDIA_TYPE.dockerManifest)).toBe(MEDIA_TYPE.manifest)
    expect(ociMediaType(MEDIA_TYPE.dockerLayerForeignGzip)).toBe(MEDIA_TYPE.layerForeignGzip)
    expect(ociMediaType('other')).toBe('other')
  })
})

describe('chainIds', () => {
  it('are the first diffID, then digests of chain and diffID', () => {
    const [a, b] = [digestOf(utf8('a')), digestOf(utf8('b'))]
    expect(chainIds([])).toEqual([])
    expect(chainIds([a, b])).toEqual([a, digestOf(utf8(`${a} ${b}`))])
  })
})
