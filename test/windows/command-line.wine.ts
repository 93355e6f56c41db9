// Command lines: what the system's own parser gives back.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { UnsupportedError } from '../../src/core/index.js'
import { JobObject } from '../../src/windows/index.js'
import { HELPER } from './support.js'

const RUNS = 25

async function seen(job: JobObject, by: 'args' | 'argv', args: readonly string[]): Promise<string[]> {
  const result = await (await job.spawn([HELPER, by, ...args])).wait()
  assert.equal(result.exitCode, 0, result.stderr)
  const lines = result.stdout.split(/\r?\n/).slice(0, -1)
  return lines.map((line) => (line.match(/.{4}/g) ?? []).map((unit) => String.fromCharCode(Number.parseInt(unit, 16))).join(''))
}

describe('a command line', () => {
  const readers = [
    ['args', 'CommandLineToArgvW'],
    ['argv', 'the C runtime'],
  ] as const
  for (const [by, reader] of readers)
    it(`gives ${reader} back every argument`, async () => {
      await using job = JobObject.create()
      const special = fc.constantFrom('\\', '"', ' ', '\t', 'a', '\\\\', '\\"', '""', '%', '^', '&', "'", '\u00e9', '\u{1f600}', '\n')
      const argument = fc.array(special, { maxLength: 12 }).map((parts) => parts.join(''))
      await fc.assert(
        fc.asyncProperty(fc.array(argument, { minLength: 20, maxLength: 60 }), async (args) => {
          assert.deepEqual(await seen(job, by, args), args)
        }),
        { numRuns: RUNS },
      )
    })

  it('is none for a batch file, whose arguments cmd would read', async () => {
    await using job = JobObject.create()
    for (const name of ['x.bat', 'C:\\x.CMD', 'x.bat. ', 'x.cmd .'])
      await assert.rejects(
        job.spawn([name, '"&calc.exe']),
        (error) => error instanceof UnsupportedError && /batch file/.test(error.message),
      )
  })

  it('of a shell command is what cmd reads by its own rules', async () => {
    await using job = JobObject.create()
    const run = async (text: string) => (await (await job.spawn(text)).wait()).stdout.trim()
    assert.equal(await run('echo one two'), 'one two')
    assert.equal(await run('echo "a b" c'), '"a b" c')
    assert.equal(await run('set X=1&& echo done'), 'done')
  })
})
