// The tasks of group "hive". As a program, node benchmarks/hive-tasks.mjs TASK FILE: one of them once, in a fresh process; prints its milliseconds.
import { readFileSync } from 'node:fs'
import { Hive } from 'stratabox/hive'
import { main } from '../scripts/run.mjs'

/** The key that is looked for. */
export const KEY = ['Classes', 'Group3', 'Part5', 'Item323']

/** Opens a hive and finds the key. */
export function findKey(bytes) {
  if (Hive.open(bytes).key(KEY.join('\\'))?.value('Flags')?.data !== 323) throw new Error('the key was not found')
}

/** Opens a hive and reads every key and value of it. */
export function readAll(bytes) {
  if (countBelow(Hive.open(bytes).root) === 0) throw new Error('the hive is empty')
}

function countBelow(key) {
  let count = 0
  for (const value of key.values()) count += value.raw.length > 0 ? 1 : 0
  for (const subkey of key.subkeys()) count += 1 + countBelow(subkey)
  return count
}

const TASKS = { find: findKey, 'read-and-find': findKey, 'read-all': readAll }

await main(import.meta.url, () => {
  const [task, file] = process.argv.slice(2)
  let bytes = task === 'read-and-find' ? undefined : readFileSync(file)
  const began = performance.now()
  bytes ??= readFileSync(file)
  TASKS[task](bytes)
  console.log(performance.now() - began)
})
