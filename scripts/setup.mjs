// Makes a fresh clone ready: the dependencies as locked, then the build. Does nothing, fast, where both are in place. Imports nothing that must be installed first.
import { constants, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from './build.mjs'
import { isAccessible, main, quietly, root, ScriptError } from './run.mjs'

/** Installs and builds as needed. `say` gets one line for each thing that takes time. */
export async function setup(say = () => {}) {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 18)) throw new ScriptError(`stratabox needs Node 20.18 or later; this is ${process.version}`)
  const stale = staleDependency()
  if (stale !== undefined) await install(say, stale)
  await build(say)
}

async function install(say, stale) {
  const modules = join(root, 'node_modules')
  if (!isAccessible(existsSync(modules) ? modules : root, constants.W_OK)) {
    if (!existsSync(join(modules, '.bin')))
      throw new ScriptError('node_modules is missing and cannot be written here: run `npm ci` as the owner of the folder')
    return say(`node_modules is not as locked (${stale}), and is not yours to change: going on with what is there`)
  }
  say('installing the dependencies (npm ci) …')
  await quietly('npm ci', 'npm', ['ci', '--include=dev', '--no-audit', '--no-fund'], { shell: process.platform === 'win32' })
}

/** The first package whose installed version is not the locked one; npm keeps its own list of what it installed. */
function staleDependency() {
  const installed = packagesOf('node_modules/.package-lock.json')
  if (installed === undefined) return 'nothing is installed'
  for (const [path, locked] of Object.entries(packagesOf('package-lock.json') ?? {})) {
    if (path === '' || locked.optional === true) continue
    if (installed[path]?.version !== locked.version) return path
  }
  return undefined
}

const packagesOf = (lock) => (existsSync(join(root, lock)) ? JSON.parse(readFileSync(join(root, lock), 'utf8')).packages : undefined)

await main(import.meta.url, () => setup(console.error))
