// Group "warm": a static true in a sandbox of an image, where some is ready before it is asked for: nothing, a pool, a standing sandbox; two at a time; and
// how much more 50 layers cost than one.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Sandbox, SandboxPool, Store } from 'stratabox'
import { alone } from './alone.mjs'
import { compileFloor, NO_FLOOR } from './floor.mjs'
import { interleave } from './measure.mjs'
import { makeTinyRoot } from './tiny-root.mjs'

export const name = 'warm'
export const rounds = { full: 100, quick: 20 }

const LIFE = 'a static true, create + run + close'
const OWN = 'floor in C, its own network namespace'
const LIVES_AT_A_TIME = 40
const LIVES_OF_THE_FLOOR = 5
const LIMITS = { memoryMaxBytes: 64 * 2 ** 20, pidsMax: 32 }

export async function measure({ rounds, say }) {
  const work = mkdtempSync(join(tmpdir(), 'stratabox-bench-'))
  const root = makeTinyRoot(work)
  const store = await Store.open({ path: join(work, 'store') })
  const floor = compileFloor(work, root)
  const one = { store, root: await layered(store, { work, root, layers: 1 }) }
  const fifty = { store, root: await layered(store, { work, root, layers: 50 }) }
  const standing = await Sandbox.create(one)
  const pool = await SandboxPool.create({ size: 4, ...one })
  try {
    const contenders = [
      ...(floor === undefined ? [] : floorContenders(floor)),
      { name: LIFE, who: 'stratabox', run: () => life(one), target: 1.6, baseline: OWN },
      ...((await canLimit(one))
        ? [
            {
              name: LIFE,
              who: 'stratabox, with memory and pids limits',
              run: () => life({ ...one, limits: LIMITS }),
              target: 1.6,
              baseline: OWN,
            },
          ]
        : []),
      { name: LIFE, who: 'stratabox, from a SandboxPool', run: () => use(() => pool.take()), target: 1, baseline: OWN },
      {
        name: 'a static true in a standing sandbox',
        who: 'stratabox',
        run: async () => succeeded(await standing.run(['/true'])),
        target: 0.4,
      },
      { name: 'create + run + close, of an image', who: '1 layer', run: () => life(one) },
      { name: 'create + run + close, of an image', who: '50 layers', run: () => life(fifty), target: 1.3, baseline: '1 layer' },
    ]
    const rows = await interleave(contenders, { rounds, warmUp: 20, say })
    const rates = await interleave(
      [{ name: 'lives a second, two at a time', who: 'stratabox', unit: '1/s', isRate: true, target: 500, run: () => twoAtATime(one) }],
      {
        rounds: Math.ceil(rounds / 10),
        say,
      },
    )
    return { rows: [...rows, ...rates], missing: floor === undefined ? [NO_FLOOR] : [] }
  } finally {
    await Promise.all([standing.close(), pool.close()])
    await store.close()
    rmSync(work, { recursive: true, force: true })
  }
}

const floorContenders = (floor) =>
  Object.entries({ own: OWN, joined: 'floor in C, a joined network namespace' }).map(([net, who]) => ({
    name: LIFE,
    who,
    isPeer: true,
    run: async () => (await floor.life(net, LIVES_OF_THE_FLOOR)) / 1000,
  }))

/** The tiny root as the lowest of so many layers, each of the others a file. */
async function layered(store, { work, root, layers }) {
  let image = await store.build('scratch').copy(root, '/').commit({ compression: 'none' })
  for (let k = 1; k < layers; k++) {
    const file = join(work, `file-${k}`)
    writeFileSync(file, String(k))
    image = await store.build(image).copy(file, `/d${k}/file`).commit({ compression: 'none' })
  }
  return image
}

async function canLimit(options) {
  try {
    await life({ ...options, limits: LIMITS })
    return true
  } catch (error) {
    if (error.code === 'ERR_UNSUPPORTED') return false
    throw error
  }
}

const life = (options) => use(() => Sandbox.create(options))

async function use(create) {
  const sandbox = await create()
  try {
    succeeded(await sandbox.run(['/true']))
  } finally {
    await sandbox.close()
  }
}

async function twoAtATime(options) {
  const began = performance.now()
  let left = LIVES_AT_A_TIME
  const worker = async () => {
    while (left-- > 0) await life(options)
  }
  await Promise.all([worker(), worker()])
  return (LIVES_AT_A_TIME / (performance.now() - began)) * 1000
}

function succeeded(result) {
  if (!result.ok) throw new Error(`the program ended with ${result.exitCode ?? result.signal}: ${result.stderr}`)
}

await alone(import.meta.url, { name, rounds, measure })
