// npm run bench -- [--only GROUP,…] [--quick] [--rounds N] [--out FOLDER] [--json FILE] [--compare EARLIER.json] [--from LATER.json] [--readme]
// Every benchmark against its peers, on this machine, now. Each runs in a process of its own (alone.mjs), one after the other: none measures with the heap
// that another left.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { foreground, main, root, ScriptError } from '../scripts/run.mjs'
import { COMMON_OPTIONS, parseRounds } from './alone.mjs'
import { compare } from './compare.mjs'
import { sayComparison } from './comparison.mjs'
import { comparisonMarkdown, markdown } from './markdown.mjs'
import { updateReadme } from './readme.mjs'
import { report } from './report.mjs'
import { emptyResult, merge, readResult, writeResult } from './result.mjs'

/** The groups, in the order in which they run: what is most easily disturbed first. Each is the name of a module beside this one. */
const GROUPS = ['startup', 'warm', 'density', 'fork', 'throughput', 'union', 'hive', 'images', 'transfer']

const OPTIONS = {
  ...COMMON_OPTIONS,
  only: { type: 'string', default: GROUPS.join() },
  out: { type: 'string', default: join(root, 'bench-results') },
  compare: { type: 'string' },
  from: { type: 'string' },
  readme: { type: 'boolean', default: false },
}

function parse() {
  const { values } = parseArgs({ options: OPTIONS })
  parseRounds(values.rounds)
  const only = values.only.split(',')
  const unknown = only.filter((group) => !GROUPS.includes(group))
  if (unknown.length > 0) throw new ScriptError(`--only ${unknown.join()}: the groups are ${GROUPS.join()}`)
  return { ...values, groups: GROUPS.filter((group) => only.includes(group)) }
}

/** Runs the groups. Resolves to the result of all that did not fail, and the names of those that did. */
async function measureAll({ groups, rounds, quick }) {
  const work = mkdtempSync(join(tmpdir(), 'stratabox-bench-'))
  const failed = []
  let result = emptyResult('npm run bench --', process.argv.slice(2))
  try {
    for (const group of groups) {
      const json = join(work, `${group}.json`)
      const options = [...(quick ? ['--quick'] : []), ...(rounds === undefined ? [] : ['--rounds', rounds]), '--json', json]
      const stdio = ['ignore', 'ignore', 'inherit']
      const code = await foreground(process.execPath, [fileURLToPath(new URL(`${group}.mjs`, import.meta.url)), ...options], { stdio })
      if (code === 0) result = merge(result, readResult(json))
      else failed.push(group)
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  return { result, failed }
}

/** Compares with an earlier result: what is said of it, and how many rows are worse. */
function compareWith(path, later) {
  const earlier = readResult(path)
  const comparison = compare(earlier, later)
  return {
    said: sayComparison(comparison, basename(path), earlier.machine),
    worse: comparison.rows.filter(({ verdict }) => verdict === 'worse').length,
  }
}

await main(import.meta.url, async () => {
  const options = parse()
  // Read before anything is measured: a wrong path should not cost ten minutes.
  if (options.compare !== undefined) readResult(options.compare)
  const { result, failed } = options.from === undefined ? await measureAll(options) : { result: readResult(options.from), failed: [] }
  const against = options.compare === undefined ? undefined : compareWith(options.compare, result)
  const text = [...(against === undefined ? [] : [comparisonMarkdown(against.said)]), markdown(result)].join('\n\n')
  console.log(text)
  const to = (ending) => join(options.out, `latest.${ending}`)
  writeResult(to('json'), result)
  writeFileSync(to('md'), `${text}\n`)
  writeFileSync(to('html'), report(result, against?.said))
  console.error(`written: ${to('html')}, with latest.json and latest.md beside it`)
  if (options.json !== undefined) writeResult(options.json, result)
  if (options.readme) updateReadme(result)
  if (failed.length > 0) throw new ScriptError(`failed: ${failed.join()}`)
  if (against !== undefined && against.worse > 0) throw new ScriptError(`${against.worse} worse than in ${options.compare}`)
})
