// No hostile image of the corpus takes more than 64 MiB of memory or 10 s: each in a process of its own, its peak over what a harmless image needs.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sharedPath } from '../support/shared.js'
import { measure } from './hostile-measure.js'
import { contentIdMode } from './id-mode.js'

const MEMORY_MAX_BYTES = 64 * 2 ** 20
const SECONDS_MAX = 10

const cases = new URL('../../../shared/corpus/hostile/cases/', import.meta.url)
const table: Record<string, { expect: 'accept' | 'reject' | 'either' }> = existsSync(cases)
  ? JSON.parse(readFileSync(new URL('table.json', cases), 'utf8'))
  : {}

it('is told by the corpus of hostile images', (ctx) => {
  sharedPath(ctx, 'corpus/hostile')
})

describe('a hostile image costs no more than 64 MiB and 10 s', () => {
  const isRoot = process.getuid?.() === 0
  let home = ''
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'stratabox-hostile-'))
    // ext4 makes files several times slower for some seconds after many were removed; root can have a file system that does not.
    if (isRoot) execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', home])
  })
  afterEach(async () => {
    if (isRoot) execFileSync('umount', [home])
    await rm(home, { recursive: true, force: true })
  })

  for (const [name, { expect: wanted }] of Object.entries(table))
    it(name, async () => {
      const path = new URL(existsSync(new URL(name, cases)) ? name : `${name}.tar`, cases).pathname
      const { outcome, extraBytes, cpuSeconds } = await measure(home, contentIdMode(), path)
      if (wanted !== 'either') expect(outcome === 'accepted' ? 'accept' : 'reject').toBe(wanted)
      expect(extraBytes).toBeLessThan(MEMORY_MAX_BYTES)
      expect(cpuSeconds).toBeLessThan(SECONDS_MAX)
      // A guard against hanging, on a machine however busy.
    }, 240_000)
})
