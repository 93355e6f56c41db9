// Group "density": many idle sandboxes at a time: memory, heap, processor time, how long the last one takes to make beside the first, and to close all.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Sandbox } from 'stratabox'
import { alone } from './alone.mjs'
import { compileFloor, NO_FLOOR } from './floor.mjs'
import { groupParents } from './group-parents.mjs'
import { settledKib } from './memory.mjs'
import { makeTinyRoot } from './tiny-root.mjs'

export const name = 'density'
export const rounds = { full: 3, quick: 1 }
export const options = { counts: { type: 'string' } }

const AXIS = 'idle sandboxes'
const COUNTS = '100,1000,5000'
const QUICK_COUNTS = '100,1000'
const LIMITS = { memoryMaxBytes: 64 * 2 ** 20, pidsMax: 32 }
const OURS = 'stratabox'
const LIMITED = 'stratabox, with memory and pids limits'
const FLOOR = 'floor in C, its own network namespace'
const GROUPED = 'the floor and as many control groups'
const MEMORY = 'memory of each, kernel and programs'

/** Rows by task and contender, made when first measured. */
class Rows {
  #rows = new Map()
  add(name, who, unit, at, sample, more = {}) {
    const key = `${name} ${who} ${at}`
    const row = this.#rows.get(key) ?? { name, who, unit, at, axis: AXIS, samples: [], ...more }
    this.#rows.set(key, row)
    row.samples.push(sample)
  }
  list() {
    return [...this.#rows.values()]
  }
}

export async function measure({ rounds, isQuick, values, say }) {
  const work = mkdtempSync(join(tmpdir(), 'stratabox-bench-'))
  try {
    const root = makeTinyRoot(work)
    const floor = compileFloor(work, root)
    const parents = await limitParents(root)
    const rows = new Rows()
    const missing = [
      ...(floor === undefined ? [NO_FLOOR] : []),
      ...(parents === undefined ? [{ name: LIMITED, reason: 'no controller for them was delegated to this user' }] : []),
    ]
    for (const count of (values.counts ?? (isQuick ? QUICK_COUNTS : COUNTS)).split(',').map(Number)) {
      for (let round = 0; round < (count > 1000 ? 1 : rounds); round++) {
        if (floor !== undefined) await floors(floor, { count, parents, rows })
        await ours({ who: OURS, count, work, root, rows })
        if (parents !== undefined) await ours({ who: LIMITED, count, work, root, rows, limits: LIMITS })
        say(`density: ${count} idle, round ${round + 1}`)
      }
    }
    return { rows: rows.list(), missing, notes: ['Memory is that of the whole machine: whatever else runs disturbs it'] }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** Where groups of sandboxes with these limits are made; undefined where they cannot be. */
async function limitParents(root) {
  try {
    const sandbox = await Sandbox.create({ root, limits: LIMITS })
    try {
      return groupParents(sandbox.id)
    } finally {
      await sandbox.close()
    }
  } catch (error) {
    if (error.code === 'ERR_UNSUPPORTED') return undefined
    throw error
  }
}

async function floors(floor, { count, parents, rows }) {
  const each = new Map()
  for (const [net, who] of [
    ['own', FLOOR],
    ['joined', 'floor in C, a joined network namespace'],
  ]) {
    const before = await settledKib()
    const idle = await floor.idle(net, count)
    await sleep(500)
    each.set(net, ((await settledKib()) - before) / count)
    await idle.end()
    await sleep(1500)
    rows.add(MEMORY, who, 'KiB', count, each.get(net), { isPeer: true })
    if (net === 'own')
      rows.add('create: the last hundred ÷ the first', who, 'ratio', count, idle.last100Us / idle.first100Us, { isPeer: true })
  }
  if (parents === undefined) return
  const before = await settledKib()
  const made = parents.flatMap((parent) => Array.from({ length: count }, (_, k) => join(parent, `bench-${process.pid}-${k}`)))
  for (const directory of made) mkdirSync(directory)
  await sleep(500)
  rows.add(MEMORY, GROUPED, 'KiB', count, each.get('own') + ((await settledKib()) - before) / count, { isPeer: true })
  for (const directory of made) rmdirSync(directory)
  await sleep(1500)
}

async function ours({ who, count, work, root, rows, limits }) {
  const request = { root, storePath: join(work, 'store'), limits }
  const child = fork(fileURLToPath(new URL('density-process.mjs', import.meta.url)), [JSON.stringify(request)], {
    execArgv: ['--expose-gc'],
  })
  const answer = async () => {
    const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`a measuring process ended with ${code}`)))
    ended.catch(() => undefined)
    return (await Promise.race([once(child, 'message'), ended]))[0]
  }
  const ask = (what) => {
    child.send(what)
    return answer()
  }
  await answer()
  const before = await settledKib()
  const made = await ask({ ask: 'make', count })
  const usedKib = (await settledKib()) - before
  const { cpuMsPerSecond } = await ask({ ask: 'watch' })
  const { closeMs } = await ask({ ask: 'close' })
  child.send({ ask: 'end' })
  await once(child, 'exit')
  await sleep(1000)
  rows.add(MEMORY, who, 'KiB', count, usedKib / count, { target: 1.35, baseline: limits === undefined ? FLOOR : GROUPED })
  rows.add('heap of Node for each', who, 'KiB', count, made.heapKib, { target: 16 })
  rows.add('create: the last hundred ÷ the first', who, 'ratio', count, made.lastMs / made.firstMs, { target: 1.5 })
  rows.add('create, the last hundred', who, 'ms', count, made.lastMs)
  rows.add('processor time of all processes together, idle, in a second', who, 'ms', count, cpuMsPerSecond)
  rows.add('closing all', who, 'ms', count, closeMs, count === 1000 ? { target: 2000 } : {})
}

await alone(import.meta.url, { name, rounds, options, measure })
