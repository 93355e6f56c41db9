// Group "startup": how long from nothing to the end of the first command, and how long the event loop stands still meanwhile.
// One process for each size, all alive at once; small blocks of rounds go round them and the floor, so that a drift of the machine hits all alike.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { alone } from './alone.mjs'
import { compileFloor, NO_FLOOR } from './floor.mjs'
import { startPeers } from './start-peers.mjs'
import { makeTinyRoot } from './tiny-root.mjs'

export const name = 'startup'
export const rounds = { full: 100, quick: 15 }

/** The tasks of the two figures that every start gives, in milliseconds. */
const TASKS = { wallMs: 'a static true, from nothing to its end', blockMs: 'the longest block of the event loop in one start' }
const AXIS = 'RSS of the process, MB'
const SIZES_MB = [70, 150, 1000]
const QUICK_SIZES_MB = [70, 150]
const ROUNDS_PER_BLOCK = 5

const here = (name) => fileURLToPath(new URL(name, import.meta.url))

export async function measure({ rounds, isQuick, say }) {
  const work = mkdtempSync(join(tmpdir(), 'stratabox-bench-'))
  const workers = []
  let others
  try {
    const root = makeTinyRoot(work)
    const missing = []
    others = await startPeers({ root, work, missing, say })
    const { peers } = others
    const floor = compileFloor(work, root)
    if (floor === undefined) missing.push(NO_FLOOR)
    for (const rssMb of isQuick ? QUICK_SIZES_MB : SIZES_MB) {
      workers.push(await startWorker({ rssMb, root, peers }))
      say(`startup: a process of ${workers.at(-1).rssMb} MB is ready`)
    }
    const floors = { own: [], joined: [] }
    for (let done = 0; done < rounds; done += ROUNDS_PER_BLOCK) {
      const count = Math.min(ROUNDS_PER_BLOCK, rounds - done)
      for (const worker of workers) await worker.measure(done, count)
      if (floor !== undefined) for (const net of ['own', 'joined']) floors[net].push((await floor.life(net, count * 4)) / 1000)
      say(`startup: ${done + count} of ${rounds} rounds`)
    }
    const rows = [...workers.flatMap((worker) => worker.rows()), ...floorRows(floors)]
    if (!rows.some(({ who }) => who.includes('limits')))
      missing.push({ name: 'stratabox with limits', reason: 'no controller for them was delegated to this user' })
    const slow = peers.filter(({ every }) => every !== undefined).map(({ who }) => who)
    const notes = ['"nothing" is a timer of 2 ms: what the machine shows as a block of the event loop without any start']
    if (slow.length > 0) notes.push(`${slow.join(', ')}: slow to start, so measured in every fifth round`)
    return { rows, missing, notes }
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()))
    await others?.close()
    rmSync(work, { recursive: true, force: true })
  }
}

async function startWorker(request) {
  const child = fork(here('process.mjs'), [JSON.stringify(request)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const answer = async () => {
    const [message] = await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code]) => Promise.reject(new Error(`a measuring process ended with ${code}`))),
    ])
    return message
  }
  const { rssMb, contenders } = await answer()
  const rows = Object.entries(TASKS).flatMap(([figure, name]) =>
    contenders
      .filter(({ isCalibration }) => !isCalibration || figure === 'blockMs')
      .map(({ who, isPeer }) => ({ figure, name, who, isPeer, unit: 'ms', at: request.rssMb, axis: AXIS, samples: [] })),
  )
  return {
    rssMb,
    async measure(from, rounds) {
      child.send({ from, rounds })
      const { samples } = await answer()
      for (const { who, figure, samples: all } of rows) all.push(...samples[who][figure])
    },
    rows: () => rows.map(({ figure: _, ...row }) => row),
    async stop() {
      if (!child.connected) return
      child.send({ stop: true })
      await once(child, 'exit')
    },
  }
}

const floorRows = (floors) =>
  Object.entries(floors)
    .filter(([, medians]) => medians.length > 0)
    .map(([net, samples]) => ({
      name: TASKS.wallMs,
      who: `floor in C, ${net === 'own' ? 'its own' : 'a joined'} network namespace`,
      unit: 'ms',
      isPeer: true,
      samples,
    }))

await alone(import.meta.url, { name, rounds, measure })
