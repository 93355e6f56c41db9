// Start-up: how long from nothing to the end of the first command, and how long the event loop stands still meanwhile.
// One process for each size, all alive at once; small blocks of rounds go round them and the floor, so that a drift of the machine hits all alike.
import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compileFloor } from './floor.mjs'
import { summarize } from './statistics.mjs'

const SIZES_MB = [70, 150, 1000]
const ROUNDS_PER_BLOCK = 5

const here = (name) => fileURLToPath(new URL(name, import.meta.url))

/** Runs it. Resolves to { rows: { name, rssMb, isCalibration?, wallUs, blockUs }[], notes }. @param rounds samples of each figure, rounded up to whole blocks */
export async function measureStartup({ rounds, say }) {
  const work = mkdtempSync(join(tmpdir(), 'stratabox-bench-'))
  const workers = []
  try {
    const root = makeRoot(work)
    const notes = []
    const hasBwrap = isInstalled('bwrap', notes)
    const floor = compileFloor(work, join(root, 'true'))
    if (floor === undefined) notes.push('no floor: its source, ../shared/limit/floor.c, is not there')
    for (const rssMb of SIZES_MB) {
      workers.push(await startWorker({ rssMb, root, hasBwrap }))
      say(`a process of ${workers.at(-1).rssMb} MB is ready`)
    }
    const floors = { own: [], joined: [] }
    for (let done = 0; done < rounds; done += ROUNDS_PER_BLOCK) {
      for (const worker of workers) await worker.measure(ROUNDS_PER_BLOCK)
      if (floor !== undefined) for (const net of ['own', 'joined']) floors[net].push(await floor(net, ROUNDS_PER_BLOCK * 4))
      say(`${Math.min(rounds, done + ROUNDS_PER_BLOCK)} of ${rounds} rounds`)
    }
    if (!workers[0].rows().some(({ name }) => name.includes('limits')))
      notes.push('no row with limits: no controller for them was delegated to this user')
    return { rows: [...workers.flatMap((worker) => worker.rows()), ...floorRows(floors)], notes }
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()))
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
  const all = new Map(contenders.map((contender) => [contender.name, { ...contender, wallUs: [], blockUs: [] }]))
  return {
    rssMb,
    async measure(rounds) {
      child.send({ rounds })
      for (const [name, { wallUs, blockUs }] of Object.entries((await answer()).samples)) {
        all.get(name).wallUs.push(...wallUs)
        all.get(name).blockUs.push(...blockUs)
      }
    },
    rows: () =>
      [...all.values()].map((row) => ({ ...row, rssMb: request.rssMb, wallUs: summarize(row.wallUs), blockUs: summarize(row.blockUs) })),
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
    .map(([net, medians]) => ({
      name: `floor in C, ${net === 'own' ? 'its own' : 'a joined'} network namespace`,
      wallUs: summarize(medians),
    }))

/** A root with one static program in it and the places that mounts need. */
function makeRoot(work) {
  const root = join(work, 'root')
  for (const name of ['proc', 'dev', 'tmp', 'sys', 'etc']) mkdirSync(join(root, name), { recursive: true })
  execFileSync('cc', ['-O2', '-static', '-nostdlib', '-o', join(root, 'true'), here('true.c')])
  // mkdtemp's 0700 would hide the root from the ids inside.
  chmodSync(work, 0o755)
  return root
}

function isInstalled(command, notes) {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' })
    return true
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
    notes.push(`${command} is not installed`)
    return false
  }
}
