// Real images give the tree that umoci makes of them (../shared/corpus/images).
import { describe, expect, it } from 'vitest'
import { mergeLayers, squash, validate } from '../../src/image/index.js'
import { sharedPath } from '../support/shared.js'
import { firstImage } from './support/corpus.js'
import { expectedTree, type TreeLine, treeOf } from './support/tree.js'

// What the corpus's README excepts: the root's and implicit parents' times, a time that umoci wraps, pyapp's nanoseconds (lost in its tars).
const IMPLICIT = /^\/(dot|dot\/slash|p+|p+\/q+)$/
const comparable = (name: string, line: TreeLine) => {
  const { mtime, mtime_ns, ...rest } = line
  if (IMPLICIT.test(line.path) || line.path === '/edge/time/y2300') return rest
  return name === 'pyapp' ? { ...rest, mtime } : { ...rest, mtime, mtime_ns }
}

const withoutRoot = (name: string, tree: ReadonlyMap<string, TreeLine>) =>
  new Map([...tree].filter(([path]) => path !== '/').map(([path, line]) => [path, comparable(name, line)]))

describe.each([
  ['edge-oci', 'edge'],
  ['edge-zstd-oci', 'edge-zstd'],
  ['edge-uncompressed-oci', 'edge-uncompressed'],
  ['edge-docker.tar', 'edge'],
  ['pyapp-oci', 'pyapp'],
])('%s', (path, name) => {
  it('merges to the expected tree and is valid', async (ctx) => {
    const images = sharedPath(ctx, 'corpus/images')
    const image = await firstImage(`${images}/${path}`)
    const expected = withoutRoot(name, expectedTree(`${images}/${name}.expected.jsonl`))
    expect(expected.size).toBeGreaterThan(30)
    expect(withoutRoot(name, await treeOf(image))).toEqual(expected)
    expect(await validate(image)).toEqual([])
  })
})

it('keeps a time past the year 2262 that others wrap', async (ctx) => {
  const image = await firstImage(`${sharedPath(ctx, 'corpus/images')}/pyapp-oci`)
  const rows = await mergeLayers((await image.layers()).slice(1))
  expect(rows.find(({ path }) => path === '/edge/time/y2300')?.inode?.entry.mtimeNs).toBe(10_413_792_000_000_000_000n)
})

describe('squash', () => {
  it.for([0, 1, 2])('keeps the tree of a real image when the lowest %d layers stay', async (keep, ctx) => {
    const image = await firstImage(`${sharedPath(ctx, 'corpus/images')}/edge-oci`)
    const squashed = await squash(image, { keep })
    expect((await squashed.layers()).length).toBe(keep + 1)
    expect(await treeOf(squashed)).toEqual(await treeOf(image))
  })
})
