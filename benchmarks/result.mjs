// What a run of benchmarks leaves: { version, command, machine, groups: { [name]: { rounds, seconds, missing, notes } }, rows: Row[] with their `group` }.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { ScriptError } from '../scripts/run.mjs'
import { describeMachine } from './machine.mjs'

const VERSION = 1

/** A result without any rows. @param args the command line after the program's name */
export const emptyResult = (program, args) => ({
  version: VERSION,
  command: [program, ...args].join(' '),
  machine: describeMachine(),
  groups: {},
  rows: [],
})

/** Measures one benchmark and adds its rows. @param {{ rounds?: number, isQuick: boolean, values: object, say: (line: string) => void }} options */
export async function addMeasured(result, benchmark, { rounds, isQuick, values, say }) {
  const count = rounds ?? benchmark.rounds[isQuick ? 'quick' : 'full']
  const began = performance.now()
  const { rows, missing = [], notes = [] } = await benchmark.measure({ rounds: count, isQuick, values, say })
  const seconds = Math.round((performance.now() - began) / 100) / 10
  return merge(result, { groups: { [benchmark.name]: { rounds: count, seconds, missing, notes } }, rows: rows.map(stamp(benchmark.name)) })
}

/** `result` with the groups and rows of `more`. */
export const merge = (result, { groups, rows }) => ({ ...result, groups: { ...result.groups, ...groups }, rows: [...result.rows, ...rows] })

const stamp = (group) => (row) => ({ group, ...row, samples: row.samples.map((sample) => Number(sample.toPrecision(5))) })

/** Writes it, one row a line. */
export function writeResult(path, { rows, ...rest }) {
  const head = JSON.stringify(rest, null, 2).slice(0, -2)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${head},\n  "rows": [\n${rows.map((row) => `    ${JSON.stringify(row)}`).join(',\n')}\n  ]\n}\n`)
}

/** Reads one that writeResult wrote. @throws ScriptError when it is something else */
export function readResult(path) {
  try {
    const result = JSON.parse(readFileSync(path, 'utf8'))
    if (result.version === VERSION && Array.isArray(result.rows)) return result
  } catch (error) {
    throw new ScriptError(`cannot read ${path}: ${error.message}`)
  }
  throw new ScriptError(`${path} is not a result of npm run bench in the present format (version ${VERSION})`)
}
