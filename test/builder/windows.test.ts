// Windows images built on this system: files below Files, registry edits as delta hives, read back.
import { mkdirSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { UnsupportedError } from '../../src/core/index.js'
import { Hive, LayeredHive } from '../../src/hive/index.js'
import { appendLayer, emptyImage, squash } from '../../src/image/index.js'
import { WindowsLayer } from '../../src/windows/index.js'
import { workshop } from './support.js'

const shop = workshop()
const platform = { os: 'windows', architecture: 'amd64', osVersion: '10.0.20348.2700' } as const
const scratch = () => shop.store.build('scratch')

const paths = async (layer: WindowsLayer) => {
  const found: string[] = []
  for await (const { type, path } of layer.entries()) found.push(`${type} ${path}`)
  return found
}

/** A base image with whole hives, as Windows' own have. */
async function baseImage() {
  const software = Hive.create({ now: () => new Date(0) })
  software.createKey('Vendor\\App').setValue('Path', { type: 'REG_SZ', data: 'C:\\Old' })
  software.createKey('Vendor\\App').setValue('Keep', { type: 'REG_DWORD', data: 1 })
  software.createKey('Doomed\\Below').setValue('x', { type: 'REG_DWORD', data: 1 })
  const system = Hive.create({ now: () => new Date(0) })
  system.createKey('Select').setValue('Current', { type: 'REG_DWORD', data: 2 })
  system.createKey('ControlSet002\\Services\\W32Time').setValue('Start', { type: 'REG_DWORD', data: 3 })
  const { layer } = await WindowsLayer.create([], { isBase: true, hives: { Software: software, System: system } })
  return appendLayer(await emptyImage({ platform }), layer, { created_by: 'base' })
}

describe('a Windows image built here', () => {
  it('has its files below Files, with what Windows keeps of files', async () => {
    const image = await scratch().write('/app/main.js', 'x').remove('/gone').commit({ platform })
    expect(await image.config()).toMatchObject({ os: 'windows', 'os.version': '10.0.20348.2700' })
    const [files, removal] = (await image.layers()).map((layer) => new WindowsLayer(layer))
    expect(await paths(files!)).toEqual(['directory /Files', 'directory /Files/app', 'file /Files/app/main.js', 'directory /Hives'])
    expect(await paths(removal!)).toEqual(['directory /Files', 'whiteout /Files/gone', 'directory /Hives'])
    const again = await scratch().write('/app/main.js', 'x').remove('/gone').commit({ platform, cache: false })
    expect(again.digest).toBe(image.digest)
  })

  it('finds what lower layers have, by its path on the drive', async () => {
    const below = await scratch().write('/app/a', 'a').commit({ platform })
    const image = await shop.store.build(below).write('/app/b', 'b').commit()
    const [, top] = await image.layers()
    expect(await paths(new WindowsLayer(top!))).toEqual([
      'directory /Files',
      'directory /Files/app',
      'file /Files/app/b',
      'directory /Hives',
    ])
  })

  it.each(['/a:b', '/con', '/aux.txt', '/dot.', '/x?'])('refuses %s, which Windows cannot have', async (path) => {
    await expect(scratch().write(path, 'x').commit({ platform })).rejects.toThrow(UnsupportedError)
  })

  it('refuses two files of one copy whose names differ in case alone', async () => {
    mkdirSync(shop.path('src'))
    writeFileSync(shop.path('src', 'A'), '1')
    writeFileSync(shop.path('src', 'a'), '2')
    await expect(scratch().copy(shop.path('src'), '/app').commit({ platform })).rejects.toThrow('one name on Windows')
  })

  it('cannot run commands away from Windows', async () => {
    await expect(scratch().run(['cmd', '/c', 'ver']).commit({ platform })).rejects.toThrow(UnsupportedError)
  })
})

describe('registry edits', () => {
  it('become delta hives that stand on the hives of the layers below', async () => {
    const base = await baseImage()
    const build = () =>
      shop.store.build(base).registry({
        set: {
          'HKLM\\SOFTWARE\\Vendor\\App': { Path: { type: 'REG_SZ', data: 'C:\\New' }, '': { type: 'REG_SZ', data: 'default' } },
          'HKEY_LOCAL_MACHINE\\System\\CurrentControlSet\\Services\\W32Time': { Start: { type: 'REG_DWORD', data: 4 } },
        },
        delete: ['HKLM\\Software\\Doomed'],
        deleteValues: { 'HKLM\\SOFTWARE\\Vendor\\App': ['Keep'] },
      })
    const image = await build().commit()
    const layers = await image.layers()
    const below = await new WindowsLayer(layers[0]!, { isBase: true }).hives()
    const above = await new WindowsLayer(layers[1]!).hives()
    expect([...above.keys()].sort()).toEqual(['Software', 'System'])
    const software = new LayeredHive(below.get('Software')!, above.get('Software')!)
    expect(software.key('Vendor\\App')!.value('Path')).toMatchObject({ data: 'C:\\New' })
    expect(software.key('Vendor\\App')!.value()).toMatchObject({ data: 'default' })
    expect(software.key('Vendor\\App')!.value('Keep')).toBeUndefined()
    expect(software.key('Doomed')).toBeUndefined()
    expect(above.get('Software')!.key('Doomed')!.layer).toBe('tombstone')
    const system = new LayeredHive(below.get('System')!, above.get('System')!)
    expect(system.key('ControlSet002\\Services\\W32Time')!.value('Start')).toMatchObject({ data: 4 })
    expect(system.key('CurrentControlSet')).toBeUndefined()
    expect((await build().commit({ cache: false })).digest).toBe(image.digest)
    await expect(squash(image)).rejects.toThrow(UnsupportedError)
  })

  it('of a later step see those of an earlier one', async () => {
    const image = await scratch()
      .registry({ set: { 'HKLM\\SOFTWARE\\A': { x: { type: 'REG_DWORD', data: 1 } } } })
      .registry({ delete: ['HKLM\\SOFTWARE\\A'] })
      .registry({ delete: ['HKLM\\SOFTWARE\\A'] })
      .commit({ platform })
    const deltas = await Promise.all((await image.layers()).map((layer) => new WindowsLayer(layer).hive('Software')))
    expect(deltas.map((delta) => delta?.key('A')?.layer)).toEqual(['supersede-tree', 'tombstone', undefined])
    expect(deltas[2]).toBeUndefined()
  })

  it('take what a written base hive has', async () => {
    const hive = Hive.create()
    hive.createKey('Seen')
    const image = await scratch()
      .write('/Windows/System32/config/SOFTWARE', hive.toBytes())
      .registry({ delete: ['HKLM\\SOFTWARE\\Seen'] })
      .commit({ platform })
    const delta = await new WindowsLayer((await image.layers())[1]!).hive('Software')
    expect(delta!.key('Seen')!.layer).toBe('tombstone')
  })

  it('are refused where no layer holds the key, and for other systems', async () => {
    expect(() => scratch().registry({ delete: ['HKCU\\Software'] })).toThrow(UnsupportedError)
    expect(() => scratch().registry({ delete: ['HKLM\\\\SOFTWARE'] })).toThrow(TypeError)
    expect(() => scratch().registry({ keys: [] } as never)).toThrow(TypeError)
    await expect(
      scratch()
        .registry({ delete: ['HKLM\\SOFTWARE'] })
        .commit({ platform }),
    ).rejects.toThrow(TypeError)
    await expect(
      scratch()
        .registry({ delete: ['HKLM\\SOFTWARE\\X'] })
        .commit({ platform: 'linux/amd64' }),
    ).rejects.toThrow(UnsupportedError)
  })
})
