// Runs `npm run bench` as its user does, and reads what it leaves.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../benchmarks/run.mjs', import.meta.url))

export interface Row {
  readonly group: string
  readonly name: string
  readonly who: string
  readonly unit: string
  readonly samples: readonly number[]
  readonly isPeer?: boolean
  readonly isRate?: boolean
  readonly at?: number
  readonly target?: number
  readonly baseline?: string
}

export interface Result {
  readonly version: number
  readonly machine: Readonly<Record<string, unknown>>
  readonly groups: Readonly<
    Record<string, { readonly rounds: number; readonly missing: readonly { readonly name: string; readonly reason: string }[] }>
  >
  readonly rows: readonly Row[]
}

/** Runs it with its reports in `folder`. */
export function bench(folder: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, '--out', folder, ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  })
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  return { status, stdout, stderr, read, result: () => JSON.parse(read('latest.json')) as Result }
}

/** Writes a result of made-up rows, all of the group "made". Returns its path. */
export function writeRows(path: string, rows: readonly Omit<Row, 'group'>[], cpu = '2 × made') {
  const machine = { date: '2026-01-01T00:00:00.000Z', kernel: 'Linux 0', cpu, memoryGiB: 1, node: 'v0', user: 'root', load: 0 }
  const groups = { made: { rounds: 1, seconds: 0, missing: [], notes: [] } }
  const stamped = rows.map((row) => ({ group: 'made', ...row }))
  writeFileSync(path, JSON.stringify({ version: 1, command: 'made up', machine, groups, rows: stamped }))
  return path
}
