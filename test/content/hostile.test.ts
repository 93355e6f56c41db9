// Every malicious or corrupt image of the corpus, loaded, unpacked as a plain tree and unpacked as overlay layers: rejected or right, and nothing outside touched.
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { contentOf, Store } from '../../src/api/store.js'
import { StrataError } from '../../src/core/index.js'
import { sharedPath } from '../support/shared.js'
import { contentIdMode } from './id-mode.js'

const cases = new URL('../../../shared/corpus/hostile/cases/', import.meta.url)
const table: Record<
  string,
  { what: string; expect: 'accept' | 'reject' | 'either'; must: Record<string, string | [string, string]>; forbid: string[] }
> = existsSync(cases) ? JSON.parse(readFileSync(new URL('table.json', cases), 'utf8')) : {}

const CANARY = '/tmp/stratabox-canary'

/** The directory that the images' tricks lead to, with known content; one of another user's stays as it is. */
function resetCanary(): void {
  if (existsSync(CANARY) && lstatSync(CANARY).uid !== process.getuid?.()) return
  rmSync(CANARY, { recursive: true, force: true })
  mkdirSync(CANARY)
  writeFileSync(join(CANARY, 'victim'), 'VICTIM', { mode: 0o600 })
  writeFileSync(join(CANARY, 'other'), 'OTHER')
  for (const name of ['victim', 'other', '.']) utimesSync(join(CANARY, name), 1e9, 1e9)
}

const snapshot = () =>
  ['.', ...readdirSync(CANARY)].map((name) => {
    const { mode, uid, gid, nlink, mtimeNs, size } = lstatSync(join(CANARY, name), { bigint: true })
    return `${name} ${mode} ${uid}:${gid} ${nlink} ${mtimeNs} ${size}`
  })

const typeOf = (path: string): string => {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) return 'nothing'
  return found.isFile() ? 'file' : found.isDirectory() ? 'dir' : found.isSymbolicLink() ? 'symlink' : 'other'
}

it('is told by the corpus of hostile images', (ctx) => {
  sharedPath(ctx, 'corpus/hostile')
})

describe('a hostile image', () => {
  let home = ''
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'stratabox-hostile-'))
    resetCanary()
  })
  afterEach(() => rm(home, { recursive: true, force: true }))

  for (const [name, { what, expect: outcome, must, forbid }] of Object.entries(table)) {
    it(`${outcome === 'either' ? 'is harmless' : `is ${outcome}ed`}: ${name} (${what})`, async () => {
      const path = new URL(existsSync(new URL(name, cases)) ? name : `${name}.tar`, cases).pathname
      const before = snapshot()
      const tree = join(home, 'tree')
      let rejection: unknown
      await using store = await Store.open({ path: join(home, 'store') })
      try {
        const images = await store.load(path)
        for (const image of images.slice(0, 1)) {
          await store.unpack(image, tree)
          const unpacked = await contentOf(store).unpacked(image, { idMode: contentIdMode() })
          await unpacked.release()
        }
      } catch (error) {
        rejection = error
      }
      expect(snapshot()).toEqual(before)
      if (rejection !== undefined) {
        expect(rejection, String((rejection as Error).stack)).toBeInstanceOf(StrataError)
        expect(outcome, (rejection as Error).message).not.toBe('accept')
        // A failed unpacking leaves nothing.
        expect(existsSync(tree) ? readdirSync(tree) : []).toEqual([])
        return
      }
      expect(outcome).not.toBe('reject')
      for (const [at, wanted] of Object.entries(must)) {
        expect(typeOf(join(tree, at)), at).toBe(typeof wanted === 'string' ? wanted : wanted[0])
        if (typeof wanted !== 'string') expect(readFileSync(join(tree, at), 'utf8')).toBe(wanted[1])
      }
      for (const at of forbid) expect(typeOf(join(tree, at)), at).toBe('nothing')
      // The two largest make 400,000 files and 2 GiB of holes.
    }, 240_000)
  }
})
