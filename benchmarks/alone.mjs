// A benchmark as a program: node benchmarks/NAME.mjs [--rounds N] [--quick] [--json FILE], and what else the benchmark takes.
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { main } from '../scripts/run.mjs'
import { markdown } from './markdown.mjs'
import { addMeasured, emptyResult, writeResult } from './result.mjs'

/** The options of every benchmark. */
export const COMMON_OPTIONS = { rounds: { type: 'string' }, quick: { type: 'boolean', default: false }, json: { type: 'string' } }

/** What --rounds says, or undefined. @throws RangeError */
export function parseRounds(text) {
  const rounds = Number(text)
  if (text === undefined) return undefined
  if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError(`--rounds is not a positive whole number: ${text}`)
  return rounds
}

/** Runs a benchmark when its module is the program that was started: prints its tables, and writes --json. */
export const alone = (url, benchmark) =>
  main(url, async () => {
    const { values } = parseArgs({ options: { ...COMMON_OPTIONS, ...benchmark.options } })
    const options = { rounds: parseRounds(values.rounds), isQuick: values.quick, values, say: (line) => console.error(line) }
    const program = `node benchmarks/${basename(fileURLToPath(url))}`
    const result = await addMeasured(emptyResult(program, process.argv.slice(2)), benchmark, options)
    console.log(markdown(result))
    if (values.json !== undefined) writeResult(values.json, result)
  })
