import { readFileSync } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { BatchWriter } from '../../src/content/batch-writer.js'

it('writes every chunk where it belongs, whatever their sizes', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'stratabox-batch-'))
  const path = join(directory, 'file')
  const chunk = fc.tuple(fc.oneof(fc.nat(40), fc.constantFrom(65_536, 524_287, 524_288, 600_000)), fc.nat(255))
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(chunk, { maxLength: 12 }), fc.nat(1000), async (chunks, position) => {
        const file = await open(path, 'w')
        const writer = new BatchWriter(file, position)
        for (const [length, fill] of chunks) await writer.add(new Uint8Array(length).fill(fill))
        await writer.end()
        await file.close()
        const expected = Buffer.concat(chunks.map(([length, fill]) => Buffer.alloc(length, fill)))
        expect(readFileSync(path).subarray(position).equals(expected)).toBe(true)
      }),
      { numRuns: 40 },
    )
    // More chunks than one write of the system takes.
    const file = await open(path, 'w')
    const writer = new BatchWriter(file, 0)
    for (let n = 0; n < 5000; n++) await writer.add(Uint8Array.of(n % 251))
    await writer.end()
    await file.close()
    expect(readFileSync(path).equals(Buffer.from(Array.from({ length: 5000 }, (_, n) => n % 251)))).toBe(true)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})

it('tells of a write that failed, at the latest at its end', async () => {
  const file = await open('/dev/full', 'r+').catch(() => undefined)
  if (file === undefined) return
  const writer = new BatchWriter(file, 0)
  await writer.add(new Uint8Array(10))
  await expect(writer.end()).rejects.toMatchObject({ code: 'ENOSPC' })
  await file.close()
})
