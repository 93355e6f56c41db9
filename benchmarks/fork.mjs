// Group "fork": fork(10) of a sandbox whose image is 300 MB and whose changes are 1 MB, until all ten take commands, and what it adds on disk.
import { randomBytes } from 'node:crypto'
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Sandbox, Store } from 'stratabox'
import { alone } from './alone.mjs'

export const name = 'fork'
export const rounds = { full: 25, quick: 7 }

const FORKS = 10
const TASK = `fork(${FORKS}): 300 MB image, 1 MB of changes`

/** Bytes on disk of all files below. */
function diskBytes(path) {
  const info = lstatSync(path)
  return info.blocks * 512 + (info.isDirectory() ? readdirSync(path).reduce((sum, name) => sum + diskBytes(join(path, name)), 0) : 0)
}

/** 3,000 files of 100 KiB. */
function makeTree(path) {
  for (let k = 0; k < 3000; k++) {
    const folder = join(path, String(k % 30))
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, String(k)), randomBytes(100 * 1024))
  }
}

export async function measure({ rounds, say }) {
  const work = mkdtempSync(join(tmpdir(), 'stratabox-bench-'))
  try {
    makeTree(join(work, 'tree'))
    const store = await Store.open({ path: join(work, 'store') })
    const image = await store.build('scratch').program('/bin/sh').copy(join(work, 'tree'), '/data').commit({ compression: 'none' })
    const sandbox = await Sandbox.create({ store, root: image })
    try {
      for (let k = 0; k < 64; k++) await sandbox.fs.writeFile(`/changed-${k}`, randomBytes(16 * 1024))
      return { rows: await forkInTurns(sandbox, join(store.path, 'sandboxes'), { rounds, say }) }
    } finally {
      await sandbox.close()
      await store.close()
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

async function forkInTurns(sandbox, scratch, { rounds, say }) {
  const time = { name: TASK, who: 'stratabox', unit: 'ms', samples: [] }
  const disk = { name: `${TASK}, what it adds on disk`, who: 'stratabox', unit: 'MiB', samples: [] }
  for (let round = 0; round < rounds; round++) {
    const before = diskBytes(scratch)
    const startedAt = performance.now()
    const forks = await sandbox.fork(FORKS)
    time.samples.push(performance.now() - startedAt)
    disk.samples.push((diskBytes(scratch) - before) / 2 ** 20)
    await forks[Symbol.asyncDispose]()
    say(`fork: ${round + 1} of ${rounds} rounds`)
  }
  return [time, disk]
}

await alone(import.meta.url, { name, rounds, measure })
