// Malicious and corrupt images (../shared/corpus/hostile), as far as reading decides: a typed error, or exactly the right tree.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { StrataError } from '../../src/core/index.js'
import { mergeLayers } from '../../src/image/index.js'
import { firstImage } from './support/corpus.js'
import { bytesOf } from './support/make.js'

interface Case {
  readonly what: string
  readonly expect: 'accept' | 'reject' | 'either'
  /** Path → type, or type and content. */
  readonly must: Readonly<Record<string, string | readonly [string, string]>>
  readonly forbid: readonly string[]
}

const cases = fileURLToPath(new URL('../../../shared/corpus/hostile/cases/', import.meta.url))
const table: Record<string, Case> = existsSync(`${cases}table.json`) ? JSON.parse(readFileSync(`${cases}table.json`, 'utf8')) : {}
const names = Object.keys(table)

/** The merged tree: path to type, and for small files the content. */
async function readTree(name: string): Promise<Map<string, readonly [string, string]>> {
  const image = await firstImage(existsSync(`${cases}${name}`) ? `${cases}${name}` : `${cases}${name}.tar`)
  const layers = await image.layers()
  const tree = new Map<string, readonly [string, string]>()
  for (const { path, inode } of await mergeLayers(layers)) {
    const entry = inode?.entry
    const content =
      entry?.type === 'file' && entry.size < 100 && Object.hasOwn(table[name]!.must, path)
        ? await bytesOf(entry.content())
        : new Uint8Array(0)
    tree.set(path, [entry === undefined || entry.type === 'directory' ? 'dir' : entry.type, new TextDecoder().decode(content)])
  }
  return tree
}

describe('a hostile image', () => {
  it('is there to be tried', (ctx) => {
    if (names.length === 0) ctx.skip('no ../shared/corpus/hostile')
    expect(names.length).toBeGreaterThan(90)
  })

  it.each(names)('%s has the outcome its table demands', { timeout: 10_000 }, async (name) => {
    const wanted = table[name]!
    const outcome = await readTree(name).catch((error: unknown) => error)
    if (outcome instanceof Map) {
      expect(wanted.expect).not.toBe('reject')
      for (const [path, must] of Object.entries(wanted.must)) {
        const [type, content] = typeof must === 'string' ? [must, undefined] : must
        if (type !== 'any') expect(outcome.get(path)?.[0], path).toBe(type)
        if (content !== undefined) expect(outcome.get(path)?.[1], path).toBe(content)
      }
      expect(wanted.forbid.filter((path) => outcome.has(path))).toEqual([])
    } else {
      expect(wanted.expect).not.toBe('accept')
      // A blob that is not there is the blob source's error: here that of node:fs.
      if ((outcome as NodeJS.ErrnoException).code !== 'ENOENT') expect(outcome).toBeInstanceOf(StrataError)
    }
  })
})
