// stdin of run: empty, or one of the four forms of `input`.
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { open, rejection } from './support/open.js'

async function* chunks(...parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield part
}

const bytes = Uint8Array.from({ length: 256 }, (_, k) => k)

describe('input', () => {
  it('is empty unless given, and not the host terminal', async () => {
    expect(await (await open()).run(['cat'])).toMatchObject({ ok: true, stdout: '' })
    expect((await (await open()).run('read line || echo end')).stdout).toBe('end\n')
  })

  it('may be a string', async () => {
    expect((await (await open()).run(['cat'], { input: 'grün\n' })).stdout).toBe('grün\n')
    expect((await (await open()).run(['cat'], { input: '' })).stdout).toBe('')
  })

  it('may be bytes, which arrive as they are', async () => {
    const { stdout } = await (await open()).run(['cat'], { input: bytes, encoding: 'buffer' })
    expect(new Uint8Array(stdout)).toEqual(bytes)
  })

  it('may be a stream', async () => {
    const { stdout } = await (await open()).run(['cat'], { input: Readable.from([Buffer.from('a'), Buffer.from('b')]) })
    expect(stdout).toBe('ab')
  })

  it('may be an async iterable', async () => {
    const { stdout } = await (await open()).run(['cat'], { input: chunks(bytes, bytes), encoding: 'buffer' })
    expect(stdout.length).toBe(512)
  })

  it('may be larger than any pipe', async () => {
    const input = Buffer.alloc(10 * 2 ** 20, 'abcdefg')
    const { stdout } = await (await open()).run(['cat'], { input, encoding: 'buffer' })
    expect(stdout.equals(input)).toBe(true)
  })

  it('is no error when the program does not read it', async () => {
    expect(await (await open()).run(['true'], { input: Buffer.alloc(2 ** 20) })).toMatchObject({ ok: true })
    expect(await (await open()).run(['head', '-c', '3'], { input: Readable.from(['abc', 'x'.repeat(2 ** 20)]) })).toMatchObject({
      stdout: 'abc',
    })
  })

  it('is not read without end when the program has ended', async () => {
    let count = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        count++
        yield Buffer.alloc(65_536)
      }
    }
    expect(await (await open()).run(['head', '-c', '1'], { input: endless() })).toMatchObject({ ok: true })
    const after = count
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(count).toBeLessThanOrEqual(after + 1)
  })

  it('kills the command when it fails, and rejects with its error', async () => {
    const boom = new Error('boom')
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('a')
      throw boom
    }
    expect(await rejection((await open()).run('cat; sleep 60', { input: failing() }))).toBe(boom)
  })
})
