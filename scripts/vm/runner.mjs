// In the virtual machine: the part of vitest that tests see, on its own runner, without its server, transformer and workers, which take minutes there.
// Bundled on the host. Arguments: a name for the run, then test files; the last line printed is the report.

import {
  ASYMMETRIC_MATCHERS_OBJECT,
  GLOBAL_EXPECT,
  getState,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  setState,
} from '@vitest/expect'
import { startTests } from '@vitest/runner'
import * as chai from 'chai'

export { afterAll, afterEach, beforeAll, beforeEach, describe, it, onTestFailed, onTestFinished, suite, test } from '@vitest/runner'

chai.use(JestExtend)
chai.use(JestChaiExpect)
chai.use(JestAsymmetricMatchers)

/** As vitest's own, but for what waits (poll, resolves of snapshots): no system test uses it. */
export const expect = (value, message) => {
  setState({ assertionCalls: getState(expect).assertionCalls + 1 }, expect)
  return chai.expect(value, message)
}
Object.assign(expect, chai.expect, globalThis[ASYMMETRIC_MATCHERS_OBJECT])
expect.getState = () => getState(expect)
expect.setState = (state) => setState(state, expect)
expect.extend = (matchers) => chai.expect.extend(expect, matchers)
expect.unreachable = (message) => chai.assert.fail(message ?? 'this must not be reached')
globalThis[GLOBAL_EXPECT] = expect
setState(
  {
    assertionCalls: 0,
    isExpectingAssertions: false,
    isExpectingAssertionsError: null,
    expectedAssertionsNumber: null,
    expectedAssertionsNumberErrorGen: null,
  },
  expect,
)

/** Type tests say nothing at run time. */
export const expectTypeOf = () => new Proxy(() => undefined, { get: () => expectTypeOf(), apply: () => expectTypeOf() })

const config = {
  root: '/project',
  setupFiles: [],
  name: undefined,
  passWithNoTests: false,
  allowOnly: false,
  sequence: { shuffle: false, concurrent: false, seed: 0, hooks: 'stack', setupFiles: 'list' },
  chaiConfig: undefined,
  maxConcurrency: 5,
  testTimeout: 180_000,
  hookTimeout: 180_000,
  retry: 0,
  includeTaskLocation: false,
  diffOptions: undefined,
  tags: [],
  tagsFilter: undefined,
  strictTags: false,
}

const flatten = (task) => (task.type === 'test' ? [task] : task.tasks.flatMap(flatten))
const titleOf = (task) =>
  task.suite === undefined || task.suite === null || task.suite.type === undefined ? task.name : `${titleOf(task.suite)} > ${task.name}`

/** Runs the files one after the other and prints what came of them. */
export async function main(files) {
  const report = { passed: 0, failed: [], skipped: [] }
  for (const file of files) {
    const started = Date.now()
    const runner = { config, pool: 'forks', importFile: (path) => import(path), onUnhandledError: () => undefined }
    const [result] = await startTests([`/project/${file}`], runner)
    const source = file.replace(/\.js$/, '.ts')
    for (const error of result.result?.errors ?? []) {
      report.failed.push(`${source} (outside of its tests)`)
      console.log(`${source}: ${error.stack ?? error.message}`)
    }
    for (const test of flatten(result)) {
      const title = `${source} > ${titleOf(test)}`
      const { state, errors = [], note } = test.result ?? { state: test.mode }
      if (state === 'pass') report.passed++
      else if (state === 'fail') {
        report.failed.push(title)
        for (const error of errors) console.log(`FAILED ${title}\n${error.stack ?? error.message}\n${error.diff ?? ''}`)
      } else report.skipped.push({ title, reason: note ?? 'no reason given' })
    }
    console.log(`  ${source} ${Date.now() - started} ms`)
  }
  return report
}
