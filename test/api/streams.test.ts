// load and save through streams, and of several images at once.
import { createReadStream, createWriteStream, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { workshop } from '../builder/support.js'
import { ended, program, start } from '../content/scripts.js'

const shop = workshop()
const made = async () => [
  await shop.store.build('scratch').write('/1', 'one').commit({ tag: 'app:1' }),
  await shop.store.build('scratch').write('/2', 'two').commit({ tag: 'app:2' }),
]
const scratchLeft = () => [...readdirSync(shop.path('store/tmp')), ...readdirSync(shop.path('store/sandboxes'))]

describe.each(['oci-archive', 'docker-archive'] as const)('several images in one %s', (format) => {
  it('are saved and loaded with their names', async () => {
    const images = await made()
    await shop.store.save(['app:1', 'app:2'], shop.path('both'), { format })
    for (const ref of ['app:1', 'app:2']) await shop.store.untag(ref)
    const loaded = await shop.store.load(shop.path('both'))
    const ids = async (list: typeof images) => Promise.all(list.map(async (image) => (await image.manifest()).config.digest))
    expect(await ids(loaded)).toEqual(await ids(images))
    expect((await shop.store.get('app:2'))?.digest).toBe(loaded[1]!.digest)
  })

  it('go through a stream, the same bytes', async () => {
    await made()
    await shop.store.save(['app:1', 'app:2'], shop.path('file'), { format })
    await shop.store.save(['app:1', 'app:2'], createWriteStream(shop.path('stream')), { format })
    expect(readFileSync(shop.path('stream')).equals(readFileSync(shop.path('file')))).toBe(true)
    const loaded = await shop.store.load(createReadStream(shop.path('stream')))
    expect(loaded).toHaveLength(2)
    expect(scratchLeft()).toEqual([])
  })

  it('are loaded from a compressed archive, but not from one compressed twice', async () => {
    await made()
    await shop.store.save(['app:1', 'app:2'], shop.path('file'), { format })
    writeFileSync(shop.path('file.gz'), gzipSync(readFileSync(shop.path('file'))))
    expect(await shop.store.load(shop.path('file.gz'))).toHaveLength(2)
    writeFileSync(shop.path('file.gz.gz'), gzipSync(readFileSync(shop.path('file.gz'))))
    await expect(shop.store.load(shop.path('file.gz.gz'))).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED' })
    expect(scratchLeft()).toEqual([])
  })
})

describe('a stream', () => {
  it('that fails or is aborted leaves nothing', async () => {
    const failing = async function* () {
      yield new Uint8Array(1000)
      throw new RangeError('the source failed')
    }
    await expect(shop.store.load(failing())).rejects.toThrow('the source failed')
    const abort = new AbortController()
    const endless = async function* () {
      for (;;) {
        yield new Uint8Array(1000)
        abort.abort(new Error('enough'))
      }
    }
    await expect(shop.store.load(endless(), { signal: abort.signal })).rejects.toThrow('enough')
    await expect(shop.store.load(new PassThrough().end('no archive'))).rejects.toMatchObject({ code: 'ERR_FORMAT' })
    expect(scratchLeft()).toEqual([])
  })

  it('has back pressure: what is not read is not written', async () => {
    await shop.store
      .build('scratch')
      .write('/big', Buffer.alloc(4 << 20, 1))
      .commit({ tag: 'big:1', compression: 'none' })
    const slow = new PassThrough({ highWaterMark: 1024 })
    const saving = shop.store.save('big:1', slow, { format: 'oci-archive' })
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(slow.readableLength + slow.writableLength).toBeLessThan(1 << 20)
    slow.resume()
    await saving
  })

  it('takes no directory', async () => {
    await made()
    await expect(shop.store.save('app:1', new PassThrough(), { format: 'oci-layout' })).rejects.toThrow(/is a directory/)
    await expect(shop.store.save([], shop.path('x'), { format: 'oci-layout' })).rejects.toThrow(/at least one/)
    await expect(shop.store.load(5 as never)).rejects.toThrow(TypeError)
    await expect(shop.store.save('app:1', undefined as never, { format: 'oci-archive' })).rejects.toThrow(TypeError)
  })
})

it("'-' is standard output and standard input", async () => {
  const [image] = await made()
  await shop.store.save('app:1', shop.path('file'), { format: 'oci-archive' })
  const script = await program(`
    import { Store } from '../../src/api/store.js'
    const store = await Store.open({ path: process.argv[2] })
    await store.load('-')
    await store.save('app:1', '-', { format: 'oci-archive' })
    await store.close()
  `)
  const child = start(script, [shop.path('other')])
  const chunks: Buffer[] = []
  child.stdout!.on('data', (chunk: Buffer) => chunks.push(chunk))
  createReadStream(shop.path('file')).pipe(child.stdin!)
  expect(await ended(child)).toBe(0)
  expect(Buffer.concat(chunks).equals(readFileSync(shop.path('file')))).toBe(true)
  expect(image!.digest).toMatch(/^sha256:/)
})
