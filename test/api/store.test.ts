import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Store } from '../../src/api/store.js'
import { ClosedError } from '../../src/core/index.js'
import { readDocument } from '../../src/image/index.js'
import { decodeIndex } from '../../src/oci/index.js'
import { workshop } from '../builder/support.js'

const shop = workshop()
const image = (text = 'x') => shop.store.build('scratch').write('/etc/text', text).cmd(['/etc/text']).commit()

describe('Store.open', () => {
  it('takes its place from XDG_DATA_HOME, else from the home directory, and makes it for its owner alone', async () => {
    const { XDG_DATA_HOME, HOME } = process.env
    try {
      process.env['XDG_DATA_HOME'] = shop.path('data')
      await using xdg = await Store.open()
      expect(xdg.path).toBe(shop.path('data', 'stratabox'))
      expect(statSync(xdg.path).mode & 0o777).toBe(0o700)
      process.env['XDG_DATA_HOME'] = 'relative'
      process.env['HOME'] = shop.path('home')
      await using home = await Store.open()
      expect(home.path).toBe(shop.path('home', '.local', 'share', 'stratabox'))
    } finally {
      for (const [name, value] of Object.entries({ XDG_DATA_HOME, HOME })) {
        if (value === undefined) delete process.env[name]
        else process.env[name] = value
      }
    }
  })

  it('refuses what is no store, no path and no option', async () => {
    writeFileSync(shop.path('file'), '')
    mkdirSync(shop.path('full'))
    writeFileSync(shop.path('full', 'file'), '')
    await expect(Store.open({ path: shop.path('file') })).rejects.toThrow()
    await expect(Store.open({ path: shop.path('full') })).rejects.toMatchObject({ code: 'ERR_STORE' })
    await expect(Store.open({ path: '' })).rejects.toThrow(/path must not be empty/)
    await expect(Store.open({ path: 1 as never })).rejects.toThrow(/path must be a string/)
    await expect(Store.open({ root: '/x' } as never)).rejects.toThrow(/unknown option 'root'/)
    await expect(Store.open({ signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no')
  })

  it('gives a store whose calls fail with ERR_CLOSED after close', async () => {
    const store = await Store.open({ path: shop.path('other') })
    await store.close()
    await store.close()
    await expect(store.tag(await image(), 'a:1')).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    expect(() => store.build('scratch')).toThrow(ClosedError)
    await expect(store.get('a:1')).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await expect(store.gc()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })
})

describe('references', () => {
  it('are set, found, listed and removed', async () => {
    const built = await image()
    await shop.store.tag(built, 'b:1')
    await shop.store.tag(built, 'localhost:5000/team/a:1')
    expect((await shop.store.get('b:1'))?.digest).toBe(built.digest)
    expect(await shop.store.get('b:2')).toBeUndefined()
    const listed: string[] = []
    for await (const { ref, image: found } of shop.store.list()) listed.push(`${ref} ${found.digest === built.digest}`)
    expect(listed).toEqual(['b:1 true', 'localhost:5000/team/a:1 true'])
    await shop.store.untag('b:1')
    await expect(shop.store.untag('b:1')).rejects.toMatchObject({ code: 'ERR_IMAGE_NOT_FOUND' })
  })

  it('that are malformed are refused everywhere', async () => {
    const built = await image()
    for (const ref of ['', 'Upper', 'a:', 'a b', '../x']) {
      await expect(shop.store.tag(built, ref), ref).rejects.toMatchObject({ code: 'ERR_FORMAT' })
      await expect(shop.store.get(ref), ref).rejects.toMatchObject({ code: 'ERR_FORMAT' })
    }
  })

  it('name an index of several platforms, of which this machine gets its own', async () => {
    const platforms = ['linux/amd64', 'linux/arm64', 'linux/s390x'] as const
    const images = await Promise.all(platforms.map((platform) => shop.store.build('scratch').write('/p', platform).commit({ platform })))
    const index = await shop.store.index(images, { tag: 'multi:1' })
    expect((await index.images()).map(({ platform }) => platform?.architecture)).toEqual(['amd64', 'arm64', 's390x'])
    const own = await shop.store.get('multi:1')
    expect((await own!.config()).architecture).toBe(process.arch === 'x64' ? 'amd64' : process.arch)
    await shop.store.gc()
    expect((await shop.store.verify()).problems).toEqual([])
    await shop.store.save('multi:1', shop.path('multi'), { format: 'oci-layout' })
    const other = await Store.open({ path: shop.path('second') })
    expect(await other.load(shop.path('multi'))).toHaveLength(3)
    expect((await other.get('multi:1'))?.digest).toBe(own!.digest)
    await other.close()
  })
})

describe('save and load', () => {
  it.each(['oci-layout', 'oci-archive', 'docker-archive'] as const)('give the same image back: %s', async (format) => {
    const built = await image()
    await shop.store.tag(built, 'app:1')
    await shop.store.save('app:1', shop.path('out'), { format })
    await using other = await Store.open({ path: shop.path('second') })
    const [loaded] = await other.load(shop.path('out'))
    expect(await loaded!.config()).toEqual(await built.config())
    if (format !== 'docker-archive') expect(loaded!.digest).toBe(built.digest)
    expect((await other.get('app:1'))?.digest).toBe(loaded!.digest)
    await other.unpack('app:1', shop.path('tree'))
    expect(readFileSync(shop.path('tree/etc/text'), 'utf8')).toBe('x')
  })

  it.each(['oci-layout', 'oci-archive', 'docker-archive'] as const)('write the same bytes each time: %s', async (format) => {
    await shop.store.tag(await image(), 'app:1')
    const bytes = async (name: string) => {
      await shop.store.save('app:1', shop.path(name), { format })
      return readFileSync(format === 'oci-layout' ? shop.path(name, 'index.json') : shop.path(name))
    }
    expect((await bytes('one')).equals(await bytes('two'))).toBe(true)
  })

  it('replace a file, but no directory with something in it', async () => {
    const built = await image()
    writeFileSync(shop.path('file'), 'old')
    await shop.store.save(built, shop.path('file'), { format: 'oci-archive' })
    mkdirSync(shop.path('empty'))
    await shop.store.save(built, shop.path('empty'), { format: 'oci-layout' })
    await expect(shop.store.save(built, shop.path('empty'), { format: 'oci-layout' })).rejects.toMatchObject({ code: 'ENOTEMPTY' })
  })

  it('leave nothing when they are aborted or fail', async () => {
    const built = await image()
    const before = readdirSync(shop.directory)
    await expect(shop.store.save(built, shop.path('nowhere', 'out'), { format: 'oci-archive' })).rejects.toMatchObject({ code: 'ENOENT' })
    const abort = new AbortController()
    const saving = shop.store.save(built, shop.path('out'), { format: 'oci-layout', signal: abort.signal })
    abort.abort(new Error('enough'))
    await expect(saving).rejects.toThrow('enough')
    expect(readdirSync(shop.directory)).toEqual(before)
  })

  it('refuse what is no image archive, and formats they do not know', async () => {
    writeFileSync(shop.path('text'), 'no archive')
    await expect(shop.store.load(shop.path('text'))).rejects.toMatchObject({ code: 'ERR_FORMAT' })
    await expect(shop.store.load(shop.path('nothing'))).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(shop.store.save(await image(), shop.path('x'), { format: 'tar' as never })).rejects.toThrow(/format must be/)
    await expect(shop.store.save('nothing:1', shop.path('x'), { format: 'oci-archive' })).rejects.toMatchObject({
      code: 'ERR_IMAGE_NOT_FOUND',
    })
  })

  it('reference nothing of an archive that is broken', async () => {
    const built = await image()
    await shop.store.tag(built, 'app:1')
    await shop.store.save('app:1', shop.path('out'), { format: 'oci-layout' })
    const [layer] = await built.layers()
    writeFileSync(shop.path('out', 'blobs', 'sha256', layer!.digest.slice(7)), 'broken')
    await using other = await Store.open({ path: shop.path('second') })
    await expect(other.load(shop.path('out'))).rejects.toMatchObject({ code: 'ERR_DIGEST_MISMATCH' })
    expect(decodeIndex(readFileSync(shop.path('second', 'index.json'))).manifests).toEqual([])
  })
})

describe('unpack', () => {
  it('goes into an absent or empty directory and nowhere else', async () => {
    const built = await image()
    await shop.store.unpack(built, shop.path('a/b/tree'))
    expect(readFileSync(shop.path('a/b/tree/etc/text'), 'utf8')).toBe('x')
    await expect(shop.store.unpack(built, shop.path('a/b/tree'))).rejects.toMatchObject({ code: 'ENOTEMPTY' })
    mkdirSync(shop.path('real'))
    symlinkSync('real', shop.path('link'))
    await expect(shop.store.unpack(built, shop.path('link'))).rejects.toThrow()
    expect(readdirSync(shop.path('real'))).toEqual([])
  })

  it('leaves an empty directory when it is aborted', async () => {
    const built = await image()
    const abort = new AbortController()
    const unpacking = shop.store.unpack(built, shop.path('tree'), { signal: abort.signal })
    abort.abort(new Error('enough'))
    await expect(unpacking).rejects.toThrow('enough')
    expect(existsSync(shop.path('tree')) ? readdirSync(shop.path('tree')) : []).toEqual([])
    expect(readdirSync(shop.directory).filter((name) => name.startsWith('.stratabox'))).toEqual([])
  })
})

it('reads an image whose blobs were collected as missing, not as empty', async () => {
  const built = await image()
  await shop.store.gc()
  await expect(built.config()).rejects.toMatchObject({ code: 'ERR_BLOB_MISSING' })
  await expect(readDocument(async function* () {}, { digest: built.digest, size: 0, mediaType: 'x' }, 10, 'x')).rejects.toThrow()
})

it('names an unknown option of any call', async () => {
  const built = await image()
  for (const call of [
    () => shop.store.get('a:1', { x: 1 } as never),
    () => shop.store.tag(built, 'a:1', { x: 1 } as never),
    () => shop.store.untag('a:1', { x: 1 } as never),
    () => shop.store.index([built], { x: 1 } as never),
    () => shop.store.load('x', { x: 1 } as never),
    () => shop.store.save(built, 'x', { format: 'oci-layout', x: 1 } as never),
    () => shop.store.unpack(built, 'x', { x: 1 } as never),
    () => shop.store.gc({ x: 1 } as never),
    () => shop.store.verify({ x: 1 } as never),
  ]) {
    await expect(call()).rejects.toThrow(/unknown option 'x'/)
  }
})
