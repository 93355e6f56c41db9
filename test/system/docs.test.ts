// The examples of README and docs run as written, in a project that has stratabox installed.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Sandbox } from 'stratabox'
import { describe, expect, it, type TestContext } from 'vitest'
import { leftSince, residue } from '../support/residue.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const run = promisify(execFile)

/** JavaScript blocks of a page that stand for themselves: those that import something. */
const examplesIn = (file: string): string[] =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/```(?:js|ts)\n([\s\S]*?)```/g)]
    .map(([, code]) => code as string)
    .filter((code) => /^import /m.test(code))

/** Runs a module in a fresh project; where no control groups were delegated, without the limits that need them. */
async function inProject(code: string): Promise<string> {
  const project = mkdtempSync(join(tmpdir(), 'stratabox-docs-'))
  try {
    mkdirSync(join(project, 'node_modules'))
    symlinkSync(root, join(project, 'node_modules', 'stratabox'))
    mkdirSync(join(project, 'dist'))
    writeFileSync(join(project, 'dist', 'main.js'), 'console.log("hello from", process.env.NODE_ENV)\n')
    writeFileSync(join(project, 'example.mjs'), code)
    const { stdout } = await run(process.execPath, ['example.mjs'], {
      cwd: project,
      env: { ...process.env, XDG_DATA_HOME: join(project, 'data') },
    })
    return stdout
  } finally {
    rmSync(project, { recursive: true, force: true })
  }
}

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
  // Pages of the pure rooms have their examples beside their rooms' tests.
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
