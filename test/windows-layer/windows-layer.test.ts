// Windows layers: what is written is read back, byte for byte the same; what no Windows layer holds is refused.
import { describe, expect, it } from 'vitest'
import { FormatError, UnsupportedError, utf8 } from '../../src/core/index.js'
import { Hive, LayeredHive } from '../../src/hive/index.js'
import { layerFromBlob, layerFromTar } from '../../src/layer/index.js'
import { readTar, type TarMember, writeTar } from '../../src/tar/index.js'
import { FILE_ATTRIBUTE, securityFromSddl, type WindowsEntry, WindowsLayer, type WindowsMetadata } from '../../src/windows/index.js'

const SECURITY = securityFromSddl('O:BAG:SYD:(A;;FA;;;BA)')
const metadata: WindowsMetadata = {
  attributes: FILE_ATTRIBUTE.archive | FILE_ATTRIBUTE.hidden,
  security: SECURITY,
  mtimeNs: 1_600_000_000_123_456_700n,
  creationTimeNs: 1_500_000_000_000_000_100n,
  atimeNs: 1_600_000_001_000_000_000n,
  ctimeNs: undefined,
  extendedAttributes: { '$KERNEL.PURGE': utf8('ea') },
}
const body = (text: string) => ({
  size: utf8(text).length,
  async *content() {
    yield utf8(text)
  },
})
const file = (path: string, text = 'x'): WindowsEntry => ({ type: 'file', path, ...metadata, ...body(text) })
const stream = (path: string, name: string, text = 's'): WindowsEntry => ({ type: 'stream', path, name, ...body(text) })

async function read(layer: WindowsLayer): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = []
  for await (const entry of layer.entries()) {
    if (!('content' in entry)) {
      found.push({ ...entry })
      continue
    }
    let text = ''
    for await (const chunk of entry.content()) text += Buffer.from(chunk).toString()
    found.push({ ...entry, content: text })
  }
  return found
}

const fromMembers = async (members: readonly (Partial<TarMember> & { name: string })[], isBase = false) => {
  const plain = { type: 'file', linkName: '', mode: 0, uid: 0, gid: 0, mtimeNs: 0n, size: 0, devMajor: 0, devMinor: 0, xattrs: {} } as const
  const layer = await layerFromTar(() => writeTar(members.map((member) => ({ ...plain, ...member }))))
  return new WindowsLayer(layer, { isBase })
}

describe('a Windows layer', () => {
  it('keeps attributes, security, times, extended attributes, streams, links and whiteouts', async () => {
    const made = await WindowsLayer.create([
      file('/Files/app/b.txt', 'b'),
      file('/Files/app/b.txt-old'),
      stream('/Files/app/b.txt', 'Zone.Identifier', 'zone'),
      stream('/Files/app/b.txt', 'a'),
      { type: 'symlink', path: '/Files/link', ...metadata, target: 'C:\\app', isMountPoint: false },
      { type: 'symlink', path: '/Files/mount', ...metadata, target: '\\??\\C:\\app', isMountPoint: true },
      { type: 'hardlink', path: '/Files/app/hard', target: '/Files/other-layer' },
      { type: 'whiteout', path: '/Files/gone' },
      { type: 'whiteout', path: '/UtilityVM/Files/gone too' },
    ])
    const entries = await read(made)
    expect(entries.map(({ type, path, name }) => [type, path, name].filter((part) => part !== undefined).join(' '))).toEqual([
      'directory /Files',
      'directory /Files/app',
      'file /Files/app/b.txt',
      'stream /Files/app/b.txt Zone.Identifier',
      'stream /Files/app/b.txt a',
      'file /Files/app/b.txt-old',
      'hardlink /Files/app/hard',
      'whiteout /Files/gone',
      'symlink /Files/link',
      'symlink /Files/mount',
      'directory /UtilityVM',
      'directory /UtilityVM/Files',
      'whiteout /UtilityVM/Files/gone too',
    ])
    expect(entries[2]).toEqual({ type: 'file', path: '/Files/app/b.txt', ...metadata, size: 1, content: 'b' })
    expect(entries[3]).toMatchObject({ content: 'zone' })
    expect(entries[9]).toMatchObject({ target: '\\??\\C:\\app', isMountPoint: true })
    expect(entries[8]).toMatchObject({ isMountPoint: false, attributes: metadata.attributes | FILE_ATTRIBUTE.reparsePoint })
    const again = await WindowsLayer.create(made.entries())
    expect(again.layer.digest).toBe(made.layer.digest)
  })

  it('writes the PAX records that Windows tools read', async () => {
    const { layer } = await WindowsLayer.create([file('/Files/x')])
    const records: Record<string, string> = {}
    for await (const member of readTar(layer.uncompressed()))
      if (member.name === 'Files/x')
        for (const [key, value] of Object.entries(member.records ?? {})) records[key] = Buffer.from(value).toString()
    expect(records).toEqual({
      'MSWINDOWS.fileattr': '34',
      'MSWINDOWS.rawsd': Buffer.from(SECURITY).toString('base64'),
      'MSWINDOWS.xattr.$KERNEL.PURGE': Buffer.from('ea').toString('base64'),
      'LIBARCHIVE.creationtime': '1500000000.000000100',
      atime: '1600000001',
    })
  })

  it('has those records as PAX text before the header of the file', async () => {
    const { layer } = await WindowsLayer.create([file('/Files/x')])
    const chunks: Uint8Array[] = []
    for await (const chunk of layer.uncompressed()) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString('latin1')
    // pax(1): the length of the whole line in decimal digits, itself and the line end counted.
    for (const line of [
      '25 MSWINDOWS.fileattr=34\n',
      '38 MSWINDOWS.xattr.$KERNEL.PURGE=ZWE=\n',
      '48 LIBARCHIVE.creationtime=1500000000.000000100\n',
      '30 mtime=1600000000.123456700\n',
      '20 atime=1600000001\n',
    ]) {
      expect(line.length).toBe(Number.parseInt(line, 10))
      expect(text).toContain(line)
    }
    expect(text.indexOf('MSWINDOWS.fileattr')).toBeLessThan(text.lastIndexOf('Files/x'))
  })

  it('reads layers without records, and the security of old ones in SDDL', async () => {
    const layer = await fromMembers([
      { name: 'Files/', type: 'directory', mtimeNs: 7n },
      { name: 'Files/a', records: { 'MSWINDOWS.sd': utf8('O:BAG:SYD:(A;;FA;;;BA)') } },
    ])
    const [directory, plain] = await read(layer)
    expect(directory).toMatchObject({ attributes: FILE_ATTRIBUTE.directory, security: undefined, creationTimeNs: 7n })
    expect(plain).toMatchObject({ attributes: 0, security: SECURITY, creationTimeNs: 0n })
  })

  it.each([
    [[{ name: 'etc/passwd' }], 'outside Files'],
    [[{ name: 'Files/.wh..wh..opq' }], 'opaque'],
    [[{ name: 'Hives/.wh.Software_Delta' }], 'whiteout outside'],
    [[{ name: 'Files/x', type: 'fifo' as const }], 'nothing of type fifo'],
    [[{ name: 'Files/x' }, { name: 'Files/y:s' }], 'does not follow'],
    [[{ name: 'Files/x' }, { name: 'Files/x:s:$DATA' }], 'not a stream'],
    [[{ name: 'Files/x', records: { 'MSWINDOWS.fileattr': utf8('0x20') } }], 'no number'],
    [[{ name: 'Files/x', records: { 'MSWINDOWS.rawsd': utf8('?') } }], 'not base64'],
    [[{ name: 'Files/x', records: { 'LIBARCHIVE.creationtime': utf8('now') } }], 'no time'],
  ])('refuses %j: %s', async (members, message) => {
    const layer = await fromMembers(members)
    const reading = read(layer)
    await expect(reading).rejects.toThrow(FormatError)
    await expect(reading).rejects.toThrow(message)
  })

  it('refuses a whiteout in a base layer, and only there', async () => {
    const members = [{ name: 'Files/.wh.gone' }]
    expect(await read(await fromMembers(members))).toEqual([{ type: 'whiteout', path: '/Files/gone' }])
    await expect(read(await fromMembers(members, true))).rejects.toThrow('whiteout in a base layer')
  })

  it('refuses two names that differ in case alone, and a stream without its file', async () => {
    await expect(WindowsLayer.create([file('/Files/a'), file('/Files/A')])).rejects.toThrow(TypeError)
    await expect(WindowsLayer.create([file('/Files/a'), stream('/Files/b', 's')])).rejects.toThrow(FormatError)
    await expect(WindowsLayer.create([file('/etc/a')])).rejects.toThrow(FormatError)
  })

  it('carries hives: deltas above, whole ones in a base', async () => {
    const base = Hive.create()
    base.createKey('Vendor').setValue('x', { type: 'REG_SZ', data: 'old' })
    const view = new LayeredHive(base)
    view.key('Vendor')!.setValue('x', { type: 'REG_SZ', data: 'new' })
    const above = await WindowsLayer.create([], { hives: { Software: view.top } })
    const below = await WindowsLayer.create([], { isBase: true, hives: { Software: base } })
    const merged = new LayeredHive((await below.hive('Software'))!, (await above.hive('Software'))!)
    expect(merged.key('vendor')!.value('X')).toMatchObject({ data: 'new' })
    expect(await above.hive('Sam')).toBeUndefined()
    expect((await read(below)).map(({ path }) => path)).toContain('/Files/Windows/System32/config/SOFTWARE')
    await expect(WindowsLayer.create([], { hives: { Software: base } })).rejects.toThrow(UnsupportedError)
    await expect(WindowsLayer.create([], { isBase: true, hives: { Software: view.top } })).rejects.toThrow(UnsupportedError)
  })

  it('tells whether it has files for a utility VM', async () => {
    expect(await (await WindowsLayer.create([file('/UtilityVM/Files/EFI/Microsoft/Boot/BCD')])).hasUtilityVM()).toBe(true)
    expect(await (await WindowsLayer.create([file('/Files/a')])).hasUtilityVM()).toBe(false)
  })

  it('of a foreign media type is read like any other', async () => {
    const { layer } = await WindowsLayer.create([file('/Files/a', 'text')])
    const mediaType = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip'
    const { digest, diffId, size } = layer
    const foreign = layerFromBlob({ digest, diffId, size, mediaType, open: () => layer.compressed() })
    expect((await read(new WindowsLayer(foreign))).at(-1)).toMatchObject({ path: '/Files/a', content: 'text' })
  })
})
