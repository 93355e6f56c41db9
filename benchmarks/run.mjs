// npm run bench -- [--only GROUP,…] [--quick] [--rounds N] [--json FILE]: every benchmark against its peers, on this machine, now.
// Each runs in a process of its own (alone.mjs), one after the other: none measures with the heap that another left.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { foreground, main, ScriptError } from '../scripts/run.mjs'
import { COMMON_OPTIONS, parseRounds } from './alone.mjs'
import { markdown } from './markdown.mjs'
import { emptyResult, merge, readResult, writeResult } from './result.mjs'

/** The groups, in the order in which they run: what is most easily disturbed first. Each is the name of a module beside this one. */
const GROUPS = ['startup', 'fork', 'throughput', 'union', 'hive', 'images']

function parse() {
  const { values } = parseArgs({ options: { ...COMMON_OPTIONS, only: { type: 'string', default: GROUPS.join() } } })
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

await main(import.meta.url, async () => {
  const options = parse()
  const { result, failed } = await measureAll(options)
  console.log(markdown(result))
  if (options.json !== undefined) writeResult(options.json, result)
  if (failed.length > 0) throw new ScriptError(`failed: ${failed.join()}`)
})
