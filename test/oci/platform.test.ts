// Platforms: aliases, default variants, what fits what.
import { describe, expect, it } from 'vitest'
import { digestOf, utf8 } from '../../src/core/index.js'
import {
  chainIds,
  descriptorPlatform,
  formatPlatform,
  isForeignLayer,
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

  // Source: Microsoft, "Windows container version compatibility"; past Server 2022 as containerd has it.
  it.each([
    ['10.0.17763.1', '10.0.17763.5000', true, 'the revision does not matter'],
    ['10.0.17763.1', '10.0.18363.1', false, 'before Server 2022 the builds must be equal'],
    ['10.0.17763.1', '10.0.20348.1', false, 'older than Server 2022'],
    ['10.0.20348.1', '10.0.22621.1', true, 'Server 2022 on a later host'],
    ['10.0.20349.1', '10.0.20348.1', false, 'newer than its host'],
    ['10.0.20348.1', '10.0.26200.1', true, 'the floor stays Server 2022'],
    ['10.0.26100.1', '10.0.26200.1', true, 'between floor and host'],
    ['10.1.20348.1', '10.0.20348.1', false, 'another minor version'],
    ['6.3.9600', '10.0.20348.1', false, 'another major version'],
    ['10.0.20348', '10.0.20348.1', true, 'without a revision'],
    ['windows', '10.0.20348.1', false, 'no version'],
  ])('of Windows %s runs on %s: %s (%s)', (image, host, runs) => {
    const windows = (osVersion?: string) => ({ os: 'windows', architecture: 'amd64', osVersion })
    expect(matchesPlatform(windows(image), windows(host))).toBe(runs)
    expect(matchesPlatform(windows(), windows(host))).toBe(true)
    expect(matchesPlatform(windows(image), windows())).toBe(true)
  })

  it('of another system fits by the first three parts of its version', () => {
    const freebsd = (osVersion: string) => ({ os: 'freebsd', architecture: 'amd64', osVersion })
    expect(matchesPlatform(freebsd('14.1.0.1'), freebsd('14.1.0'))).toBe(true)
    expect(matchesPlatform(freebsd('14.1'), freebsd('14.2'))).toBe(false)
  })

  it('needs the features that it names, where the other side says which it has', () => {
    const windows = (osFeatures?: string[]) => ({ os: 'windows', architecture: 'amd64', osFeatures })
    expect(matchesPlatform(windows(['win32k']), windows(['b', 'win32k']))).toBe(true)
    expect(matchesPlatform(windows(['win32k']), windows(['b']))).toBe(false)
    expect(matchesPlatform(windows(['win32k']), windows())).toBe(true)
    expect(matchesPlatform(windows(), windows(['b']))).toBe(true)
    expect(platformOf(descriptorPlatform(windows(['win32k'])))).toEqual({ os: 'windows', architecture: 'amd64', osFeatures: ['win32k'] })
  })
})

describe('media types', () => {
  it('tell layers that may not be passed on', () => {
    expect(isForeignLayer(MEDIA_TYPE.dockerLayerForeignGzip)).toBe(true)
    expect(isForeignLayer(MEDIA_TYPE.layerForeignZstd)).toBe(true)
    expect(isForeignLayer(MEDIA_TYPE.layerGzip)).toBe(false)
  })

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
