// Output of commands: whole, bounded, and at its end when the command ends.
import { describe, expect, it } from 'vitest'
import { open } from './support/open.js'

describe('output', () => {
  it('of 10 MB arrives whole', async () => {
    const { stdout } = await (await open()).run('seq 1 1300000', {})
    expect(stdout.length).toBe(9_288_896)
    expect(stdout.startsWith('1\n2\n')).toBe(true)
    expect(stdout.endsWith('1299999\n1300000\n')).toBe(true)
  })

  it('of any bytes arrives as they are', async () => {
    const sandbox = await open()
    const input = Buffer.from(Array.from({ length: 65_536 }, (_, k) => (k * 31 + (k >> 8)) & 0xff))
    const { stdout, stderr } = await sandbox.run('tee /dev/stderr', { input, encoding: 'buffer' })
    expect(stdout.equals(input)).toBe(true)
    expect(stderr.equals(input)).toBe(true)
  })

  it('is kept up to maxOutputBytes of each stream, and the program runs on', async () => {
    const sandbox = await open()
    const result = await sandbox.run('yes | head -c 1000000; yes err | head -c 500 >&2; echo done > /tmp/done', { maxOutputBytes: 1000 })
    expect(result).toMatchObject({ ok: true, truncated: true })
    expect([result.stdout.length, result.stderr.length]).toEqual([1000, 500])
    expect((await sandbox.run(['cat', '/tmp/done'])).stdout).toBe('done\n')
  })

  it('is not truncated at exactly maxOutputBytes, and is one byte past it', async () => {
    const sandbox = await open()
    expect(await sandbox.run(['printf', 'abcd'], { maxOutputBytes: 4 })).toMatchObject({ stdout: 'abcd', truncated: false })
    expect(await sandbox.run(['printf', 'abcde'], { maxOutputBytes: 4 })).toMatchObject({ stdout: 'abcd', truncated: true })
    expect(await sandbox.run(['printf', 'a'], { maxOutputBytes: 0 })).toMatchObject({ stdout: '', truncated: true })
    expect(await sandbox.run(['true'], { maxOutputBytes: 0 })).toMatchObject({ stdout: '', truncated: false })
  })

  it('is bounded at 16 MiB unless told otherwise', async () => {
    const { stdout, truncated } = await (await open()).run('head -c 17825792 /dev/zero', { encoding: 'buffer' })
    expect([stdout.length, truncated]).toEqual([16 * 2 ** 20, true])
  })

  it('does not keep the result waiting for a background process that holds the pipe', async () => {
    const started = performance.now()
    const result = await (await open()).run('sleep 50 & echo hi')
    expect(result).toMatchObject({ ok: true, stdout: 'hi\n' })
    expect(performance.now() - started).toBeLessThan(20_000)
  })

  it('includes what was written just before the end', async () => {
    const sandbox = await open()
    for (let k = 0; k < 20; k++) expect((await sandbox.run(`head -c 200000 /dev/zero; echo ${k}`)).stdout.endsWith(`\0${k}\n`)).toBe(true)
  })
})
