// docs/security.md names tests: each is there.
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const top = new URL('../../', import.meta.url)
const page = readFileSync(new URL('docs/security.md', top), 'utf8')
const named = [...new Set([...page.matchAll(/`(test\/[^`]+)`/g)].map(([, path]) => path as string))]

describe('docs/security.md', () => {
  it.each(named)('names %s, which exists', (path) => {
    expect(existsSync(new URL(path, top))).toBe(true)
  })

  it('has a test for every mechanism, and for every advisory a test or a reason', () => {
    const rows = (heading: string) => {
      const from = page.indexOf(`| ${heading} |`)
      return page.slice(from, page.indexOf('\n\n', from)).split('\n').slice(2)
    }
    const tested = [...rows('mechanism | test'), ...rows('advisory | test')]
    expect(tested.length).toBeGreaterThan(30)
    for (const row of tested) expect(row).toMatch(/`test\/[a-z/-]+\.test\.ts`/)
    for (const row of rows('advisory | reason')) expect(row.split('|')[2]?.trim().length, row).toBeGreaterThan(5)
  })
})
