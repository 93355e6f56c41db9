// Real images give the tree that umoci makes of them (../shared/corpus/images).
import { describe, expect, it } from 'vitest'
import { squash, validate } from '../../src/image/index.js'
import { corpus, corpusMissing, firstImage } from './support/corpus.js'
import { expectedTree, type TreeLine, treeOf } from './support/tree.js'

// What the corpus's README excepts: the root's and implicit parents' times; a time that umoci wraps; nanoseconds that the expected file got elsewhere.
const IMPLICIT = /^\/(dot|dot\/slash|p+|p+\/q+)?$/
const comparable = (line: TreeLine | undefined, ignoresNs: boolean) => {
  if (line === undefined) return undefined
  const { mtime, mtime_ns, ...rest } = line
  if (IMPLICIT.test(line.path)) return line.path === '/' ? { ...rest, mode: undefined } : rest
  if (line.path === '/edge/time/y2300') return rest
  return ignoresNs ? { ...rest, mtime } : { ...rest, mtime, mtime_ns }
}

const images = [
  ['edge-oci', 'edge', false],
  ['edge-zstd-oci', 'edge-zstd', false],
  ['edge-uncompressed-oci', 'edge-uncompressed', false],
  ['edge-docker.tar', 'edge', false],
  ['pyapp-oci', 'pyapp', true],
] as const

describe.each(images)('%s', (name, expectedName, ignoresNs) => {
  it('merges to the expected tree', async (ctx) => {
    const missing = corpusMissing()
    if (missing !== undefined) ctx.skip(missing)
    const expected = expectedTree(corpus(`images/${expectedName}.expected.jsonl`))
    const actual = await treeOf(await firstImage(corpus(`images/${name}`)))
    const differences = [...new Set([...expected.keys(), ...actual.keys()])].filter(
      (path) => path !== '/' && !equal(comparable(expected.get(path), ignoresNs), comparable(actual.get(path), ignoresNs)),
    )
    expect(differences.map((path) => [comparable(expected.get(path), ignoresNs), comparable(actual.get(path), ignoresNs)])).toEqual([])
  })

  it('is valid', async (ctx) => {
    const missing = corpusMissing()
    if (missing !== undefined) ctx.skip(missing)
    expect(await validate(await firstImage(corpus(`images/${name}`)))).toEqual([])
  })
})

describe('a squashed image', () => {
  it.each([0, 1, 2])('has the tree of the original when %d layers are kept', async (keep) => {
    if (corpusMissing() !== undefined) return
    const image = await firstImage(corpus('images/edge-oci'))
    expect(await treeOf(await squash(image, { keep }))).toEqual(await treeOf(image))
  })
})

const sorted = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, field]) => [key, sorted(field)]))
    : value
const equal = (a: unknown, b: unknown) => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
