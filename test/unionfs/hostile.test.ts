// Hostile and corrupt images have the outcome that their table demands, seen through a view (../shared/corpus/hostile/README.md).
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { StrataError } from '../../src/core/index.js'
import { UnionFs } from '../../src/unionfs/index.js'
import { firstImage } from '../image/support/corpus.js'

type Demand = { expect: 'accept' | 'reject' | 'either'; must: Record<string, string | [string, string]>; forbid: string[] }

const cases = fileURLToPath(new URL('../../../shared/corpus/hostile/cases/', import.meta.url))
const isThere = existsSync(cases)
// What fails or not before a layer is looked at (o: documents, d: archives) is tested where that is read.
const table: [string, Demand][] = isThere
  ? Object.entries(JSON.parse(readFileSync(`${cases}table.json`, 'utf8')) as Record<string, Demand>).filter(([name]) =>
      /^[cnstw]/.test(name),
    )
  : []
if (!isThere) console.log('hostile images skipped: no ../shared/corpus/hostile beside the repository')

/** Reads everything. */
async function readAll(path: string): Promise<UnionFs> {
  const view = await UnionFs.of(await firstImage(path))
  for (const entry of await view.readdir('/', { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) for await (const _ of view.readStream(`${entry.parentPath}/${entry.name}`));
  }
  return view
}

async function checkTree(view: UnionFs, { must, forbid }: Demand): Promise<void> {
  for (const [path, wanted] of Object.entries(must)) {
    const [type, content] = typeof wanted === 'string' ? [wanted] : wanted
    const stats = await view.lstat(path)
    expect([path, stats.isDirectory() ? 'dir' : stats.type]).toEqual([path, type])
    if (content !== undefined) expect(await view.readFile(path, 'utf8')).toBe(content)
  }
  for (const path of forbid) await expect(view.lstat(path)).rejects.toMatchObject({ code: expect.stringMatching(/^ENO(ENT|TDIR)$/) })
}

describe.skipIf(!isThere)('a hostile image', () => {
  it.each(table)('%s', { timeout: 60_000 }, async (name, demand) => {
    const outcome = await readAll(`${cases}${name}`).catch((error: unknown) => error)
    if (outcome instanceof UnionFs) {
      expect(demand.expect).not.toBe('reject')
      await checkTree(outcome, demand)
    } else {
      expect(outcome).toBeInstanceOf(StrataError)
      expect(demand.expect).not.toBe('accept')
    }
  })
})
