// Builds what is missing or older than its sources: the addon and the supervisor (cmake-js), then dist/ (tsup, and tsc for the declarations).
// STRATABOX_SANITIZE=address,undefined (or 1, which means that) builds the native part with sanitizers into build-asan/ instead.
import { constants, existsSync, readdirSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fingerprint, isStamped, writeStamp } from './fingerprint.mjs'
import { installHint, missingCommands, TOOLCHAIN } from './peers.mjs'
import { isAccessible, main, quietly, root, ScriptError } from './run.mjs'

const bin = (name) => join(root, 'node_modules', '.bin', name)

/** Builds everything that is not up to date. `say` gets one line for each thing that takes time. */
export async function build(say = () => {}) {
  const sanitize = process.env.STRATABOX_SANITIZE
  await buildNative(say, sanitize === '1' ? 'address,undefined' : (sanitize ?? ''))
  await buildJs(say)
}

/** The addon and the supervisor, where there is something to build them for: elsewhere the pure rooms work without. */
export async function buildNative(say, sanitize = '') {
  if (process.platform !== 'linux') return
  const folder = sanitize === '' ? 'build' : 'build-asan'
  const outputs = ['stratabox.node', 'stratabox-supervisor'].map((name) => `${folder}/Release/${name}`)
  const stamp = `${folder}/native.stamp`
  const value = fingerprint(['CMakeLists.txt', 'native'], process.arch, sanitize, dependencyVersions())
  if (outputs.every((file) => existsSync(join(root, file))) && isStamped(stamp, value)) return
  if (!mayWrite(folder, outputs)) return say(`${folder}/ is not of these sources, and is not yours to rebuild: going on with what is there`)
  requireToolchain()
  say(`building the addon and the supervisor${sanitize === '' ? '' : ` with -fsanitize=${sanitize}`} …`)
  const variables = ['--CDCMAKE_BUILD_TYPE=Release', `--CDSTRATABOX_SANITIZE=${sanitize}`]
  await quietly('the native build', bin('cmake-js'), ['build', '--log-level', 'warn', '--out', join(root, folder), ...variables])
  writeStamp(stamp, value)
}

/** dist/: the bundles and their declarations. */
export async function buildJs(say) {
  const outputs = ['dist/index.js', 'dist/types/index.d.ts']
  // Not in dist/, which is published whole.
  const stamp = 'build/dist.stamp'
  const value = fingerprint(['src', 'package.json', 'tsup.config.ts', 'tsconfig.json', 'tsconfig.build.json'], dependencyVersions())
  if (outputs.every((file) => existsSync(join(root, file))) && isStamped(stamp, value)) return
  if (!mayWrite('dist', outputs)) return say('dist/ is not of these sources, and is not yours to rebuild: going on with what is there')
  say('building dist/ …')
  const started = Date.now()
  // Declarations first: where the types are wrong, the old dist/ stays whole.
  await quietly('the build of the declarations', bin('tsc'), ['-p', 'tsconfig.build.json'])
  await quietly('the build of dist/', bin('tsup'), ['--silent'])
  // File times are as coarse as the kernel's tick, hence the second of grace.
  removeOlder(join(root, 'dist'), started - 1000)
  writeStamp(stamp, value)
}

/** Chunks are named by their content, so each build would leave the last one's behind. */
function removeOlder(folder, timeMs) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (!entry.isDirectory()) {
      if (statSync(path).mtimeMs < timeMs) rmSync(path)
      continue
    }
    removeOlder(path, timeMs)
    if (readdirSync(path).length === 0) rmdirSync(path)
  }
}

/** Whether this user may (re)build the folder. @throws ScriptError when not, and its outputs are not there either */
function mayWrite(folder, outputs) {
  const path = join(root, folder)
  if (isAccessible(existsSync(path) ? path : root, constants.W_OK)) return true
  if (outputs.every((file) => existsSync(join(root, file)))) return false
  throw new ScriptError(
    `${folder}/ is not built and cannot be written by uid ${process.getuid?.()}: run \`npm run build\` as the folder's owner`,
  )
}

function requireToolchain() {
  const missing = missingCommands(TOOLCHAIN)
  if (missing.length > 0)
    throw new ScriptError(`the native build needs ${missing.map((tool) => tool.command).join(', ')}: ${installHint(missing)}`)
}

const dependencyVersions = () => fingerprint(['package-lock.json'])

await main(import.meta.url, () => build(console.error))
