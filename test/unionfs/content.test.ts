// Contents: read lazily, written in chunks, seen by whoever has the file open.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { file, hardlink, NOW_NS, view } from './support/layers.js'

const CHUNK = 65_536

describe('a file of a layer', () => {
  it('is not read by anything but reading', async () => {
    let reads = 0
    const fs = await view([[file('/f', 'text', {}, () => reads++)]])
    await fs.stat('/f')
    await fs.rename('/f', '/g')
    await fs.chmod('/g', 0o600)
    await fs.copyFile('/g', '/h')
    await fs.truncate('/g', 2)
    await fs.writeFile('/g', 'all new')
    expect(reads).toBe(0)
    expect(await fs.readFile('/h', 'utf8')).toBe('text')
    expect(reads).toBe(1)
  })
  it('that is shorter than its entry says is an error, not zeros', async () => {
    const fs = await view([[file('/f', 'abc', { size: 5 })]])
    const handle = await fs.open('/f')
    await expect(handle.read(new Uint8Array(5))).rejects.toMatchObject({ code: 'ERR_FORMAT' })
    await handle.close()
    await expect(fs.readFile('/f')).rejects.toMatchObject({ code: 'ERR_FORMAT' })
    await expect((await view([[file('/f', 'abc', { size: 2 })]])).readFile('/f')).rejects.toMatchObject({ code: 'ERR_FORMAT' })
  })
  it('costs one pass to read in pieces, in order', async () => {
    let opened = 0
    const fs = await view([[file('/f', 'x'.repeat(200_000), {}, () => opened++)]])
    await using handle = await fs.open('/f')
    const buffer = new Uint8Array(1000)
    let total = 0
    for (let n = -1; n !== 0; total += n) n = (await handle.read(buffer)).bytesRead
    expect([total, opened]).toEqual([200_000, 1])
  })
})

describe('an open file', () => {
  it('lives on when its name is gone', async () => {
    const fs = await view([[file('/f', 'lower')]])
    const handle = await fs.open('/f', 'r+')
    await fs.unlink('/f')
    await handle.write('UP', 0, 2, 0)
    const { buffer } = await handle.read(new Uint8Array(5), 0, 5, 0)
    expect(new TextDecoder().decode(buffer)).toBe('UPwer')
    expect((await handle.stat()).nlink).toBe(0)
    await handle.close()
    await expect(fs.stat('/f')).rejects.toMatchObject({ code: 'ENOENT' })
  })
  it('sees what is written through another name', async () => {
    const fs = await view([[file('/f', 'lower'), hardlink('/g', '/f')]])
    const handle = await fs.open('/f')
    await fs.writeFile('/g', 'UPPER')
    expect(new TextDecoder().decode((await handle.read(new Uint8Array(9))).buffer.subarray(0, 5))).toBe('UPPER')
    await handle.close()
  })
  it('is EBADF once closed, and may be closed again', async () => {
    const fs = await view([[file('/f', 'x')]])
    const handle = await fs.open('/f')
    await handle.close()
    await handle.close()
    await expect(handle.read(new Uint8Array(1))).rejects.toMatchObject({ code: 'EBADF' })
    await expect(handle.stat()).rejects.toMatchObject({ code: 'EBADF' })
  })
  it('does what it was opened for and no more', async () => {
    const fs = await view([[file('/f', 'x')]])
    const reading = await fs.open('/f', 'r')
    await expect(reading.write('y')).rejects.toMatchObject({ code: 'EBADF' })
    await expect(reading.truncate(0)).rejects.toMatchObject({ code: 'EINVAL' })
    const writing = await fs.open('/f', 'a')
    await expect(writing.read(new Uint8Array(1))).rejects.toMatchObject({ code: 'EBADF' })
    await writing.write('y', 0, 1, 0)
    expect(await fs.readFile('/f', 'utf8')).toBe('xy')
  })
  it('takes writes in the order they were made, also while the layer is slow', async () => {
    const fs = await view([[file('/f', 'a'.repeat(CHUNK + 10))]])
    const handle = await fs.open('/f', 'r+')
    await Promise.all([handle.write('1', 0, 1, CHUNK + 1), handle.write('2', 0, 1, CHUNK + 1), handle.truncate(CHUNK + 2)])
    expect((await fs.readFile('/f', 'utf8')).slice(CHUNK)).toBe('a2')
    await handle.close()
  })
})

describe('writeFile', () => {
  it('takes text, bytes and streams of them', async () => {
    const fs = await view([])
    async function* stream() {
      yield 'ä'
      yield Uint8Array.of(33)
    }
    await fs.writeFile('/f', stream())
    expect(await fs.readFile('/f', 'utf8')).toBe('ä!')
    await fs.appendFile('/f', ['?', '?'])
    expect(await fs.readFile('/f', { encoding: 'utf8' })).toBe('ä!??')
  })
  it('leaves the file as it was when the stream fails or is aborted', async () => {
    const fs = await view([[file('/f', 'old')]])
    const reason = new Error('broken')
    async function* stream() {
      yield 'new'
      throw reason
    }
    await expect(fs.writeFile('/f', stream())).rejects.toBe(reason)
    await expect(fs.writeFile('/f', 'new', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(await fs.readFile('/f', 'utf8')).toBe('old')
    await expect(fs.layerOf('/f')).resolves.toBe(0)
  })
  it('is a TypeError for anything else', async () => {
    const fs = await view([])
    await expect(fs.writeFile('/f', 5 as never)).rejects.toThrow(TypeError)
    await expect(fs.writeFile('/f', [5] as never)).rejects.toThrow(TypeError)
    await expect(fs.writeFile('/f', '', { flag: 'q' })).rejects.toThrow(TypeError)
  })
})

it('holds the chunks that were written, not the file around them', async () => {
  const fs = await view([[file('/f', 'x'.repeat(20 * CHUNK))]])
  await using handle = await fs.open('/f', 'r+')
  await handle.write('y', 0, 1, 10 * CHUNK + 5)
  await fs.truncate('/f', 2 ** 40)
  expect((await fs.stat('/f')).size).toBe(2 ** 40)
  const { buffer } = await handle.read(new Uint8Array(3), 0, 3, 10 * CHUNK + 4)
  expect(new TextDecoder().decode(buffer)).toBe('xyx')
})

it('reads what a plain array would hold, after any writes and cuts', async () => {
  const place = fc.integer({ min: 0, max: 3 * CHUNK })
  const step = fc.oneof(
    fc.record({ write: place, length: fc.oneof(fc.integer({ min: 0, max: 10 }), fc.constantFrom(CHUNK, CHUNK + 1, 2 * CHUNK)) }),
    fc.record({ cut: place }),
    fc.constant({ snapshot: true as const }),
  )
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 2 * CHUNK }), fc.array(step, { maxLength: 12 }), async (size, steps) => {
      const fs = await view([[file('/f', 'b'.repeat(size))]])
      let model = Buffer.alloc(size, 'b')
      const kept: [AsyncIterable<Uint8Array>, Buffer][] = []
      await using handle = await fs.open('/f', 'r+')
      for (const [number, given] of steps.entries()) {
        if ('snapshot' in given) {
          kept.push([fs.readStream('/f'), Buffer.from(model)])
        } else if ('cut' in given) {
          await handle.truncate(given.cut)
          model = Buffer.concat([model.subarray(0, given.cut), Buffer.alloc(Math.max(0, given.cut - model.length))])
        } else {
          const bytes = Buffer.alloc(given.length, number + 1)
          await handle.write(bytes, 0, bytes.length, given.write)
          const end = given.length === 0 ? model.length : Math.max(model.length, given.write + given.length)
          model = Buffer.concat([model, Buffer.alloc(end - model.length)])
          bytes.copy(model, given.write)
        }
      }
      expect(Buffer.compare(await fs.readFile('/f'), model)).toBe(0)
      for (const [stream, then] of kept) {
        const chunks: Uint8Array[] = []
        for await (const chunk of stream) chunks.push(chunk)
        expect(Buffer.compare(Buffer.concat(chunks), then)).toBe(0)
      }
    }),
    { numRuns: 60 },
  )
})

it('keeps its own copy of what it is given and gives', async () => {
  const fs = await view([])
  const bytes = Buffer.from('abc')
  const handle = await fs.open('/f', 'w')
  const writing = handle.write(bytes)
  bytes.fill(0)
  await writing
  const value = Buffer.from('abc')
  await fs.setxattr('/f', 'user.k', value)
  value.fill(0)
  ;(await fs.readFile('/f')).fill(0)
  ;(await fs.getxattr('/f', 'user.k')).fill(0)
  expect(await fs.readFile('/f', 'utf8')).toBe('abc')
  expect(Buffer.from(await fs.getxattr('/f', 'user.k')).toString()).toBe('abc')
  await handle.close()
})

it('notes times by the clock it was given', async () => {
  const fs = await view([[file('/f', 'x')]])
  await fs.appendFile('/f', 'y')
  expect(await fs.stat('/f')).toMatchObject({ mtimeNs: NOW_NS, ctimeNs: NOW_NS, atimeNs: 1_000_000_000n })
})
