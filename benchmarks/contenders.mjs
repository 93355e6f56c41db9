// The ways to start the same program, each as { who, start, isPeer?, isCalibration?, every? }: start() resolves when the program has ended with exit code 0 and everything of it
// is gone; `every` is how many rounds go by from one start to the next.
import { Sandbox } from 'stratabox'
import { spawned } from './spawned.mjs'
import { startPeer } from './start-peers.mjs'

/** The limits of the row that has some. */
const LIMITS = { memoryMaxBytes: 64 * 2 ** 20, pidsMax: 32 }

/** All contenders that can run here. `root` is a folder with nothing but the program, at /true. Whoever made them calls close(). */
export async function contenders({ root, peers }) {
  const options = { root, network: 'none' }
  const standing = await Sandbox.create(options)
  const list = [
    { who: 'nothing', start: () => new Promise((resolve) => setTimeout(resolve, 2)), isPeer: true, isCalibration: true },
    { who: 'child_process.spawn', start: () => spawned(`${root}/true`, []), isPeer: true },
    { who: 'stratabox: create + run + close', start: () => life(options) },
    { who: 'stratabox: run in a standing sandbox', start: async () => succeeded(await standing.run(['/true'])) },
  ]
  const limited = { ...options, limits: LIMITS }
  if (await isEnforceable(limited)) list.push({ who: 'stratabox: with memory and pids limits', start: () => life(limited) })
  list.push(...peers.map((peer) => ({ who: peer.who, start: () => startPeer(peer), isPeer: true, every: peer.every })))
  return { list, close: () => standing.close() }
}

async function life(options) {
  const box = await Sandbox.create(options)
  try {
    succeeded(await box.run(['/true']))
  } finally {
    await box.close()
  }
}

function succeeded(result) {
  if (!result.ok) throw new Error(`the program ended with ${result.exitCode ?? result.signal}: ${result.stderr}`)
}

async function isEnforceable(options) {
  try {
    await life(options)
    return true
  } catch (error) {
    if (error.code === 'ERR_UNSUPPORTED') return false
    throw error
  }
}
