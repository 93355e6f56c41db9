// The contents of changed files: many small ones are read with one request, and are what they are when they are asked for.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Sandbox } from 'stratabox'
import type { Change } from 'stratabox/image'
import { describe, expect, it } from 'vitest'
import { open } from './support/open.js'

const LIMIT = 64 * 1024

async function filesOf(sandbox: Sandbox): Promise<Map<string, Change>> {
  const files = new Map<string, Change>()
  for await (const change of sandbox.changes()) if (change.kind !== 'delete' && change.entry.type === 'file') files.set(change.path, change)
  return files
}

async function textOf(change: Change | undefined): Promise<string> {
  if (change === undefined || change.kind === 'delete' || change.entry.type !== 'file') throw new TypeError('not a file')
  const chunks: Uint8Array[] = []
  for await (const chunk of change.entry.content()) chunks.push(chunk)
  return Buffer.concat(chunks).toString('latin1')
}

/** Files of all sizes about the limit of what is read together. */
const contents = new Map<string, string>(
  [0, 1, 4096, LIMIT - 1, LIMIT, LIMIT + 1, 3 * LIMIT].flatMap((size, k) =>
    Array.from({ length: 60 }, (_, n): [string, string] => [
      `/data/${n % 7}/${k}-${n}`,
      String.fromCharCode(65 + ((k + n) % 26)).repeat(size),
    ]),
  ),
)

async function filled(): Promise<Sandbox> {
  const sandbox = await open()
  for (const directory of new Set([...contents.keys()].map((path) => path.slice(0, path.lastIndexOf('/')))))
    await sandbox.fs.mkdir(directory, { recursive: true })
  for (const [path, text] of contents) await sandbox.fs.writeFile(path, text)
  return sandbox
}

describe('contents of changes()', () => {
  it('are those of each file, in order, out of order and twice', async () => {
    const sandbox = await filled()
    const files = await filesOf(sandbox)
    const paths = [...files.keys()]
    const orders = [paths, paths, [...paths].reverse(), paths.filter((_, k) => k % 3 === 0)]
    for (const order of orders) for (const path of order) expect((await textOf(files.get(path))) === contents.get(path)).toBe(true)
    const together = await Promise.all(paths.map(async (path) => (await textOf(files.get(path))) === contents.get(path)))
    expect(together.every((same) => same)).toBe(true)
  })

  it('are those of the moment they are asked for, also of a file that grew, became a link or is gone', async () => {
    const sandbox = await filled()
    const files = await filesOf(sandbox)
    const [first, second, third, fourth, ...others] = [...files.keys()].filter((path) => contents.get(path)?.length === 4096) as [
      string,
      string,
      string,
      string,
    ]
    for (const path of [...files.keys()].slice(0, 20)) await textOf(files.get(path))
    await sleep(1100)
    await sandbox.fs.writeFile(first, 'new')
    await sandbox.fs.writeFile(second, 'x'.repeat(2 * LIMIT))
    await sandbox.fs.rm(third)
    await sandbox.fs.rm(fourth)
    await sandbox.fs.symlink('/etc/passwd', fourth)
    expect(await textOf(files.get(first))).toBe('new')
    expect((await textOf(files.get(second))).length).toBe(2 * LIMIT)
    await expect(textOf(files.get(third))).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(textOf(files.get(fourth))).rejects.toMatchObject({ code: 'ENOENT' })
    for (const path of others) expect((await textOf(files.get(path))) === contents.get(path)).toBe(true)
  })
})
