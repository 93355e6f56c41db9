import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ContentStore } from '../../src/content/index.js'
import { ended, printed, program, start } from './scripts.js'
import { temporaryStore } from './support.js'

const place = temporaryStore()
const names = (directory: string) => readdirSync(join(place.path, directory))

const holder = () =>
  program(`
    import { mkdirSync, writeFileSync } from 'node:fs'
    import { ContentStore } from '../../src/content/index.js'
    const store = await ContentStore.open(process.argv[2])
    const { path } = await store.scratch()
    writeFileSync(path + '/file', 'x')
    mkdirSync(path + '/closed/deep', { recursive: true })
    writeFileSync(path + '/closed/deep/file', 'x')
    mkdirSync(store.paths.temporary() + '/' + path.split('/').pop().split('.')[0] + '.99', { mode: 0o500 })
    await store.blobs.write((async function* () { yield Buffer.from('hello') })())
    console.log('ready')
    setInterval(() => {}, 1000)
  `)

describe('what a process has under way', () => {
  it('stays while it lives, and is swept by the next one to open the store when it was killed', async () => {
    const child = start(await holder(), [place.path])
    await printed(child, 'ready')
    const other = await place.open()
    expect(names('sandboxes')).toHaveLength(1)
    expect(names('leases')).toHaveLength(2)
    // Its blob has no reference, but it may be about to get one.
    expect(await other.collect()).toMatchObject({ removedBlobs: 0 })
    child.kill('SIGKILL')
    await ended(child)
    await other.close()
    const next = await place.open()
    expect(names('sandboxes')).toEqual([])
    expect(names('tmp')).toEqual([])
    expect(names('leases')).toHaveLength(1)
    expect(await next.collect()).toMatchObject({ removedBlobs: 1, freedBytes: 5 })
  })

  it('is removed when it closes the store, which may happen twice', async () => {
    const store = await place.open()
    await store.scratch()
    await store.close()
    await store.close()
    expect(names('sandboxes')).toEqual([])
    expect(names('leases')).toEqual([])
    await expect(store.scratch()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })

  it('is swept although its removal was cut short', async () => {
    await (await place.open()).close()
    mkdirSync(join(place.path, 'leases', '1-abcdefabcdef'))
    writeFileSync(join(place.path, 'leases', '1-abcdefabcdef', 'blob-x'), '')
    writeFileSync(join(place.path, 'tmp', '1-abcdefabcdef.0'), '')
    await place.open()
    expect(names('tmp')).toEqual([])
    expect(names('leases')).toHaveLength(1)
  })

  it('a lease that is just being made is left alone, an old one is not', async () => {
    await (await place.open()).close()
    const making = join(place.path, 'leases', '.new-1-abcdefabcdef')
    mkdirSync(making)
    await (await place.open()).close()
    expect(existsSync(making)).toBe(true)
    utimesSync(making, 1e9, 1e9)
    await place.open()
    expect(existsSync(making)).toBe(false)
  })
})

it('opens no directory that holds somebody’s files', async () => {
  mkdirSync(place.path)
  writeFileSync(join(place.path, 'thesis.txt'), '')
  await expect(ContentStore.open(place.path)).rejects.toMatchObject({ code: 'ERR_STORE' })
  expect(readdirSync(place.path)).toEqual(['thesis.txt'])
})
