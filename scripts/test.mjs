// npm test: types, lint, every test as the current user and, from root, the system's tests again as an ordinary user, without and with subordinate ids.
// Then the sandboxes in a virtual machine with cgroup v2, what executes native code once more with sanitizers, and the Windows suite (test/windows) under
// Wine. Arguments are vitest file filters; with `--sanitize` there is only that stage.
// The last line is `N passed, N failed, N skipped`. Under CI=true nothing may be skipped but what cannot be there.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensurePrograms, PEERS } from './peers.mjs'
import { capture, foreground, main, root } from './run.mjs'
import { prepareSanitizers, SANITIZED_SUITES } from './sanitizers.mjs'
import { setup } from './setup.mjs'
import { runUnprivileged, UID } from './unprivileged.mjs'
import { testVm } from './vm.mjs'
import { windowsSuite } from './wine.mjs'

/** What an ordinary user's run repeats: whatever touches the kernel. */
const SYSTEM_SUITES = ['test/sandbox', 'test/api', 'test/interop', 'test/builder/program', 'test/security']
/** And what keeps files and credentials, which are the same with subordinate ids. */
const USER_SUITES = [...SYSTEM_SUITES, 'test/transfer', 'test/registry']
/** These look at the whole machine for what was left behind, so nothing may run beside them. */
const ALONE = 'test/system'
/** Reasons that even the CI machine may skip for. The last three: another stage of the same run is the other user's. */
const ALLOWED_SKIPS = [
  'real Windows',
  'no ../shared',
  'not root',
  'root, and the test is about ordinary users',
  'not the run with subordinate ids',
]

const isCI = process.env.CI === 'true'
const isRoot = process.getuid?.() === 0
const given = process.argv.slice(2).filter((argument) => argument !== '--sanitize')
/** vitest has no part in the Windows suite. */
const isWindowsSuite = (filter) => /^test\/windows(\/|$)/.test(filter)
const filters = given.filter((filter) => !isWindowsSuite(filter))
const isWindowsOnly = given.length > 0 && filters.length === 0
const withWindows = given.length === 0 || given.some(isWindowsSuite)
const isSanitizedOnly = process.argv.includes('--sanitize')
const work = mkdtempSync(join(tmpdir(), 'stratabox-test-'))

/** Runs one stage and prints its line. `body` resolves to { passed, failed: titles, skipped: { title, reason }[], output? }. */
async function stage(name, body) {
  const started = Date.now()
  console.log(`\n── ${name}`)
  const result = { name, ...(await body()) }
  if (result.output) console.log(result.output.trimEnd())
  console.log(`── ${name}: ${counts(result)} (${((Date.now() - started) / 1000).toFixed(1)} s)`)
  return result
}

/** A program that passes or fails as one test. */
const single = (name, command, args) =>
  stage(name, async () => {
    const { ok, output } = await capture(join(root, 'node_modules', '.bin', command), args)
    return ok ? { passed: 1, failed: [], skipped: [] } : { passed: 0, failed: [name], skipped: [], output }
  })

/** One vitest run. `start(nodeArguments, environment)` starts node and resolves to its exit code, what it left behind and what sanitizers reported. */
const suite = (name, files, start, extra = []) =>
  stage(name, async () => {
    const reportFile = join(work, `${name.replaceAll(/\W+/g, '-')}.json`)
    // Made here and writable for all: the ordinary user may not make files in root's folder.
    writeFileSync(reportFile, '{"passed":0,"failed":["vitest wrote no report"],"skipped":[]}')
    chmodSync(reportFile, 0o666)
    // The tree may be another user's: no cache beside the tests, no compiled configuration beside its source.
    const options = ['--configLoader', 'runner', '--no-cache', '--reporter', 'default', '--reporter', './scripts/reporter.mjs', ...extra]
    const outcome = await start(['node_modules/vitest/vitest.mjs', 'run', ...options, ...files], {
      STRATABOX_TEST_REPORT: reportFile,
    })
    const report = JSON.parse(readFileSync(reportFile, 'utf8'))
    report.failed.push(...outcome.left.map((what) => `left behind: ${what}`), ...(outcome.reports ?? []))
    if (outcome.code !== 0 && report.failed.length === 0) report.failed.push(`vitest ended with exit code ${outcome.code}`)
    return report
  })

const me = isRoot ? 'tests as root' : 'tests'
const other = (subIds) => `tests as uid ${UID}${subIds ? ' with sub-ids' : ''}`

const here = async (args, env) => ({ code: await foreground(process.execPath, args, { env: { ...process.env, ...env } }), left: [] })
const unprivileged = (subIds) => (args, env) =>
  runUnprivileged(args, { subIds, env: { ...env, STRATABOX_TEST_UNPRIVILEGED: subIds ? 'subids' : '1' } })

/** What one user runs: the given filters, or first what may run beside itself. `left` is left out of the second half. */
const halves = (files, left = []) =>
  filters.length > 0
    ? [['', filters, []]]
    : [
        ['', files, files.length > 0 ? [] : ['--exclude', `${ALONE}/**`]],
        [', one at a time', [ALONE], ['--no-file-parallelism', ...left.flatMap((file) => ['--exclude', file])]],
      ]

async function withSanitizers() {
  const around = await prepareSanitizers(work)
  if (around === undefined) {
    const reason = 'build-asan/ is not built, and the folder is not yours to build in'
    return [{ name: 'sanitizers', passed: 0, failed: [], skipped: [{ title: 'tests with sanitizers', reason }] }]
  }
  const files = filters.length > 0 ? filters : SANITIZED_SUITES
  const results = [await suite(`${me} with sanitizers`, files, around(here))]
  if (isRoot) results.push(await suite(`${other(false)} with sanitizers`, files, around(unprivileged(false))))
  return results
}

const VM_STAGES = ['root', 'user'].map((name) => `virtual machine with cgroup v2, ${name}`)

/** Starts the virtual machine, which takes what the stages beside it leave of the processors. */
const startVirtualMachine = () =>
  testVm(console.error).catch((error) => VM_STAGES.map(() => ({ passed: 0, failed: [error.message], skipped: [] })))

/** Sandboxes under cgroup v2 and nothing else, as root and as an ordinary user, whatever this machine has. */
async function fromVirtualMachine(runs) {
  const results = []
  for (const [k, name] of VM_STAGES.entries())
    results.push(
      await stage(name, async () => {
        const reports = await runs
        return typeof reports === 'string' ? { passed: 0, failed: [], skipped: [{ title: 'sandbox tests', reason: reports }] } : reports[k]
      }),
    )
  return results
}

async function underWine() {
  const { reason, ...result } = await windowsSuite(console.error)
  return reason === undefined ? result : { passed: 0, failed: [], skipped: [{ title: 'the suite', reason }] }
}

async function run() {
  chmodSync(work, 0o711)
  await setup(console.error)
  const missing = await ensurePrograms(PEERS, console.error)
  const results = []
  let machine
  if (missing.length > 0 && isCI)
    results.push({ name: 'peers', passed: 0, failed: [`not installed: ${missing.map((peer) => peer.command).join(', ')}`], skipped: [] })
  if (!isSanitizedOnly && !isWindowsOnly) {
    if (filters.length === 0) {
      results.push(await single('typecheck', 'tsc', ['-p', 'tsconfig.json']))
      results.push(await single('lint', 'biome', ['check', '--colors=off', '.']))
    }
    for (const [how, files, extra] of halves([])) {
      // What runs one at a time leaves a processor to the machine.
      if (given.length === 0 && files.includes(ALONE)) machine = startVirtualMachine()
      results.push(await suite(`${me}${how}`, files, here, extra))
    }
    // The pages' examples are long, and two users have run them.
    for (const subIds of isRoot ? [false, true] : [])
      for (const [how, files, extra] of halves(subIds ? SYSTEM_SUITES : USER_SUITES, subIds ? ['test/system/docs.test.ts'] : []))
        results.push(await suite(`${other(subIds)}${how}`, files, unprivileged(subIds), extra))
  }
  if (machine !== undefined) results.push(...(await fromVirtualMachine(machine)))
  if (process.platform === 'linux' && (isSanitizedOnly || given.length === 0)) results.push(...(await withSanitizers()))
  if (!isSanitizedOnly && withWindows) results.push(await stage('the Windows suite under Wine', underWine))
  summarize(results)
}

function summarize(results) {
  const total = { passed: 0, failed: [], skipped: [] }
  for (const { name, passed, failed, skipped } of results) {
    total.passed += passed
    total.failed.push(...failed.map((title) => `${name}: ${title}`))
    total.skipped.push(...skipped.map(({ title, reason }) => ({ title: `${name}: ${title}`, reason })))
  }
  const refused = isCI ? total.skipped.filter(({ reason }) => !ALLOWED_SKIPS.some((allowed) => reason.startsWith(allowed))) : []
  total.failed.push(...refused.map(({ title, reason }) => `skipped, which CI does not allow for this reason: ${title} (${reason})`))
  total.skipped = total.skipped.filter((skip) => !refused.includes(skip))
  if (total.skipped.length > 0) console.log('\nSkipped:')
  for (const { title, reason } of total.skipped) console.log(`  ${title} — ${reason}`)
  if (total.failed.length > 0) console.log('\nFailed:')
  for (const title of total.failed) console.log(`  ${title}`)
  process.exitCode = total.failed.length > 0 ? 1 : 0
  console.log(`\n${counts(total)}`)
}

const counts = ({ passed, failed, skipped }) => `${passed} passed, ${failed.length} failed, ${skipped.length} skipped`

await main(import.meta.url, async () => {
  try {
    await run()
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
})
