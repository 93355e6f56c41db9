// Tests against a build of the native code with AddressSanitizer and UndefinedBehaviorSanitizer, in which every report is a failure.
import { chmodSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildNative } from './build.mjs'
import { isAccessible, quietly, root } from './run.mjs'

/** What runs under them: whatever executes native code. */
export const SANITIZED_SUITES = ['test/native', 'test/sandbox', 'test/api']
const BUILD = 'build-asan/Release'

/** Builds where it must and may, and resolves to a function that wraps a `start` of test.mjs: what it starts uses that build, and its outcome has `reports`, titles of what was found.
 *  Undefined where there is no such build and this user may make none. */
export async function prepareSanitizers(work) {
  if (!existsSync(join(root, BUILD)) && !isAccessible(root, constants.W_OK)) return undefined
  await buildNative(console.error, 'address,undefined')
  const folder = join(work, 'reports')
  const log = join(folder, 'supervisor')
  mkdirSync(folder)
  // Any user's processes write here: node's run-time a file for each process that reports, the supervisors all to one.
  chmodSync(folder, 0o1777)
  writeFileSync(log, '')
  chmodSync(log, 0o666)
  const library = realpathSync((await quietly('a look for the sanitizer', 'g++', ['-print-file-name=libasan.so'])).trim())
  const env = {
    STRATABOX_NATIVE: BUILD,
    STRATABOX_SANITIZER_LOG: log,
    // Node itself is not built with them, so the run-time must be there before it. What V8 keeps to its end would count as leaks.
    LD_PRELOAD: library,
    ASAN_OPTIONS: `detect_leaks=0:log_path=${join(folder, 'node')}`,
    UBSAN_OPTIONS: 'print_stacktrace=1',
  }
  return (start) =>
    async (args, more = {}) => {
      const outcome = await start(args, { ...more, ...env })
      return { ...outcome, reports: takeReports(folder) }
    }
}

/** Shows what was reported; the files are empty after it. */
function takeReports(folder) {
  const titles = []
  for (const name of readdirSync(folder)) {
    const text = readFileSync(join(folder, name), 'utf8')
    truncateSync(join(folder, name))
    if (text === '') continue
    console.log(`\nsanitizer report (${name}):\n${text.trimEnd()}`)
    const lines = text.split('\n').filter((line) => /ERROR: |runtime error: /.test(line))
    titles.push(...(lines.length > 0 ? lines : [text.split('\n', 1)[0]]))
  }
  return [...new Set(titles)]
}
