// npm run fuzz [-- --minutes N] [-- test files]: the random comparisons of UnionFs with the kernel and with umoci, and the mutated hives and archives, over and over with
// new seeds until the time is over (default: 60 minutes) or one of them differs. A counter-example is printed with its seed; shrunk, it belongs into the tests' fixtures.
import { parseArgs } from 'node:util'
import { foreground, main, root } from './run.mjs'

/** What has random tests whose number STRATABOX_FUZZ_RUNS sets. */
const SUITES = ['test/unionfs/overlayfs.test.ts', 'test/interop/umoci-diff.test.ts']
const RUNS_PER_ROUND = 5000

await main(import.meta.url, async () => {
  const { values, positionals } = parseArgs({ options: { minutes: { type: 'string', default: '60' } }, allowPositionals: true })
  const minutes = Number(values.minutes)
  if (!(minutes > 0)) throw new RangeError(`--minutes is no positive number: ${values.minutes}`)
  const end = Date.now() + minutes * 60_000
  const suites = positionals.length > 0 ? positionals : SUITES
  for (let round = 1; Date.now() < end; round++) {
    console.log(`round ${round}, ${Math.ceil((end - Date.now()) / 60_000)} minutes left`)
    const env = { ...process.env, STRATABOX_FUZZ_RUNS: String(RUNS_PER_ROUND) }
    const code = await foreground(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...suites], { env, cwd: root })
    if (code !== 0) {
      process.exitCode = code
      return
    }
  }
})
