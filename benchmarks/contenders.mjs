// The ways to start the same program, each as { who, start, isPeer?, isCalibration? }: start() resolves when the program has ended with exit code 0 and everything of it is gone.
import { spawn } from 'node:child_process'
import { Sandbox } from 'stratabox'

/** The limits of the row that has some. */
const LIMITS = { memoryMaxBytes: 64 * 2 ** 20, pidsMax: 32, cpusMax: 1 }

/** All contenders that can run here. `root` is a folder with nothing but the program, at /true. Whoever made them calls close(). */
export async function contenders({ root, hasBwrap }) {
  const options = { root, network: 'none' }
  const standing = await Sandbox.create(options)
  const list = [
    { who: 'nothing', start: () => new Promise((resolve) => setTimeout(resolve, 2)), isPeer: true, isCalibration: true },
    { who: 'child_process.spawn', start: () => spawned(`${root}/true`, []), isPeer: true },
    { who: 'stratabox: create + run + close', start: () => life(options) },
    { who: 'stratabox: run in a standing sandbox', start: async () => succeeded(await standing.run(['/true'])) },
  ]
  const limited = { ...options, limits: LIMITS }
  if (await isEnforceable(limited)) list.push({ who: 'stratabox: with memory, pids and cpu limits', start: () => life(limited) })
  if (hasBwrap) list.push({ who: 'bubblewrap', start: () => spawned('bwrap', bwrapArguments(root)), isPeer: true })
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

/** The same as stratabox gives by default, said in bubblewrap's words: all namespaces, a read-only root, fresh /proc, /dev and /tmp. */
const bwrapArguments = (root) => [
  '--unshare-all',
  '--die-with-parent',
  '--ro-bind',
  root,
  '/',
  '--proc',
  '/proc',
  '--dev',
  '/dev',
  '--tmpfs',
  '/tmp',
  '/true',
]

const spawned = (command, args) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: {}, argv0: command })
    child.stdout.resume()
    child.stderr.resume()
    child.on('error', reject)
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`${command} ended with ${code}`))))
  })

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
