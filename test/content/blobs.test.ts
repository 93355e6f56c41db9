import { appendFileSync, readdirSync, statSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { collect, digestOf, utf8 } from '../../src/core/index.js'
import { temporaryStore } from './support.js'

const place = temporaryStore()
async function* stream(...chunks: string[]) {
  for (const chunk of chunks) yield utf8(chunk)
}
const HELLO = digestOf(utf8('hello'))

describe('a blob', () => {
  it('is stored under its digest, whatever its chunks, and read back', async () => {
    const { blobs } = await place.open()
    expect(await blobs.write(stream('he', '', 'llo'))).toEqual({ digest: HELLO, size: 5 })
    expect(await blobs.has({ digest: HELLO, size: 5 })).toBe(true)
    expect(await blobs.has({ digest: HELLO, size: 6 })).toBe(false)
    expect(await collect(blobs.read({ digest: HELLO, size: 5 }), 100)).toEqual(utf8('hello'))
    expect(readdirSync(join(place.path, 'tmp'))).toEqual([])
  })

  it('written twice is there once', async () => {
    const { blobs } = await place.open()
    await Promise.all([blobs.write(stream('hello')), blobs.write(stream('hello'))])
    expect(readdirSync(join(place.path, 'blobs', 'sha256'))).toEqual([HELLO.slice(7)])
  })

  it('that is not what was expected is refused, and nothing is left of it', async () => {
    const { blobs } = await place.open()
    await expect(blobs.write(stream('hello'), { digest: digestOf(utf8('other')) })).rejects.toMatchObject({ code: 'ERR_DIGEST_MISMATCH' })
    await expect(blobs.write(stream('hello'), { size: 4 })).rejects.toMatchObject({ code: 'ERR_DIGEST_MISMATCH' })
    await expect(blobs.write(stream('hello'), { size: 6 })).rejects.toMatchObject({ code: 'ERR_DIGEST_MISMATCH' })
    expect(readdirSync(join(place.path, 'blobs', 'sha256'))).toEqual([])
    expect(readdirSync(join(place.path, 'tmp'))).toEqual([])
  })

  it('of an endless stream is cut at the expected size', async () => {
    const { blobs } = await place.open()
    let given = 0
    const endless = async function* () {
      for (;;) {
        given += 1000
        yield new Uint8Array(1000)
      }
    }
    await expect(blobs.write(endless(), { size: 5000 })).rejects.toMatchObject({ code: 'ERR_DIGEST_MISMATCH' })
    expect(given).toBe(6000)
  })

  it('whose source fails, or whose writing is aborted, leaves nothing', async () => {
    const { blobs } = await place.open()
    const failing = async function* () {
      yield utf8('he')
      throw new RangeError('no more')
    }
    await expect(blobs.write(failing())).rejects.toThrow('no more')
    const abort = new AbortController()
    const aborting = async function* () {
      yield utf8('he')
      abort.abort(new Error('enough'))
      yield utf8('llo')
    }
    await expect(blobs.write(aborting(), undefined, { signal: abort.signal })).rejects.toThrow('enough')
    expect(readdirSync(join(place.path, 'tmp'))).toEqual([])
    expect(readdirSync(join(place.path, 'blobs', 'sha256'))).toEqual([])
  })

  it('that was changed on disk fails when it is read', async () => {
    const { blobs } = await place.open()
    await blobs.write(stream('hello'))
    const path = join(place.path, 'blobs', 'sha256', HELLO.slice(7))
    appendFileSync(path, '!')
    await expect(collect(blobs.read({ digest: HELLO }), 100)).rejects.toMatchObject({ code: 'ERR_DIGEST_MISMATCH' })
    writeFileSync(path, 'hellO')
    await expect(collect(blobs.read({ digest: HELLO }), 100)).rejects.toMatchObject({ code: 'ERR_DIGEST_MISMATCH' })
  })

  it('that is missing is an error of its own, and a link is no blob', async () => {
    const { blobs } = await place.open()
    await expect(collect(blobs.read({ digest: HELLO }), 100)).rejects.toMatchObject({ code: 'ERR_BLOB_MISSING' })
    await blobs.write(stream('hello'))
    const path = join(place.path, 'blobs', 'sha256', HELLO.slice(7))
    unlinkSync(path)
    symlinkSync('/etc/hostname', path)
    await expect(collect(blobs.read({ digest: HELLO }), 100)).rejects.toMatchObject({ code: 'ELOOP' })
  })
})

it('keeps others out of the store', async () => {
  await place.open()
  for (const name of ['.', 'blobs', 'layers/single', 'sandboxes', 'tmp', 'leases'])
    expect(statSync(join(place.path, name)).mode & 0o777, name).toBe(0o700)
})
