// The examples of README and docs run as written, in a project that has stratabox installed.
import { Sandbox } from 'stratabox'
import { describe, expect, it, type TestContext } from 'vitest'
import { examplesIn, inProject } from '../support/examples.js'
import { leftSince, residue } from '../support/residue.js'

/** What is added to an example to show what it left in its variables, and what must then be printed. */
const SEEN: Readonly<Record<string, readonly [string, readonly string[]]>> = {
  // The tour.
  'README.md 1': [
    "console.log('stdout', stdout.trim(), exitCode, forks.length, next.digest !== app.digest)",
    ['add /app/config.json', 'stdout hi 0 3 true'],
  ],
}

/** The tour asks for limits, which an ordinary user has in a delegated control group only. */
async function requiresLimits(ctx: TestContext): Promise<void> {
  const { memoryMaxBytes } = await Sandbox.probe()
  if (memoryMaxBytes?.status !== 'enforced') ctx.skip('no control group with a memory controller was delegated to this user')
}

describe('examples', () => {
  // Other pages have their examples beside their rooms' tests.
  const pages = ['README.md', 'docs/sandbox.md']
  for (const page of pages) {
    for (const [k, code] of examplesIn(page).entries()) {
      it(`of ${page} run as written (${k + 1})`, async (ctx) => {
        await requiresLimits(ctx)
        const before = residue()
        const [more, printed] = SEEN[`${page} ${k + 1}`] ?? ['', []]
        const out = await inProject(`${code}\n${more}\n`)
        for (const line of printed) expect(out).toContain(line)
        expect(await leftSince(before, 10_000)).toEqual([])
      }, 120_000)
    }
  }
})
