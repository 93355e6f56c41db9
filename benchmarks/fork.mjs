// node benchmarks/fork.mjs [--rounds N] [--json FILE]: fork(10) of a sandbox whose image is 300 MB and whose changes are 1 MB, in time and in disk.
import { randomBytes } from 'node:crypto'
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Sandbox, Store } from 'stratabox'
import { summarize } from './statistics.mjs'
import { ms, table } from './table.mjs'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '25' }, json: { type: 'string' } } })
const FORKS = 10

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

const work = mkdtempSync(join(tmpdir(), 'stratabox-bench-'))
try {
  makeTree(join(work, 'tree'))
  const store = await Store.open({ path: join(work, 'store') })
  const image = await store.build('scratch').program('/bin/sh').copy(join(work, 'tree'), '/data').commit({ compression: 'none' })
  const sandbox = await Sandbox.create({ store, root: image })
  for (let k = 0; k < 64; k++) await sandbox.fs.writeFile(`/changed-${k}`, randomBytes(16 * 1024))
  const scratch = join(store.path, 'sandboxes')
  const [wallUs, disk] = [[], []]
  for (let round = 0; round < Number(values.rounds); round++) {
    const before = diskBytes(scratch)
    const startedAt = performance.now()
    const forks = await sandbox.fork(FORKS)
    wallUs.push((performance.now() - startedAt) * 1000)
    disk.push(diskBytes(scratch) - before)
    await forks[Symbol.asyncDispose]()
  }
  await sandbox.close()
  await store.close()
  const wall = summarize(wallUs)
  const mib = (Math.max(...disk) / 2 ** 20).toFixed(2)
  console.log(
    table(
      ['milliseconds', 'median', 'p10', 'p90', 'disk (MiB)'],
      [[`fork(${FORKS}), 300 MB image, 1 MB of changes`, ms(wall.median), ms(wall.p10), ms(wall.p90), mib]],
    ),
  )
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ forks: FORKS, wallUs: wall, diskBytes: Math.max(...disk) }, null, 2)}\n`)
} finally {
  rmSync(work, { recursive: true, force: true })
}
