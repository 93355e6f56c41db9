// What a command gets of this process's: exactly the handles that are named, and a directory of named objects of its own.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nativeWindows } from '../../src/native/index.js'
import { baseEnvironment } from '../../src/sandbox/job/environment.js'
import { spawnInJobs } from '../../src/sandbox/job/index.js'
import { pendingCall } from '../../src/sandbox/pending.js'
import { HELPER, helper } from './support.js'

const binding = nativeWindows()

async function run(argv: readonly string[], inherited: readonly number[] = []): Promise<string> {
  const command = {
    argv: [HELPER, ...argv],
    env: baseEnvironment(),
    cwd: undefined,
    mergeStderr: true,
    hasStdin: false,
    jobs: [],
    inherited,
  }
  const started = await spawnInJobs(command)
  const chunks: Buffer[] = []
  started.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  const ended = new Promise((resolve) => started.stdout.once('end', resolve))
  await pendingCall(Promise.all([ended, started.exit]))
  return Buffer.concat(chunks).toString().trim()
}

/** Makes a directory with two events in it. */
function withObjects(body: (directory: number, first: number, second: number, path: string) => Promise<void>): () => Promise<void> {
  return async () => {
    const path = `\\BaseNamedObjects\\stratabox-test-${process.pid}`
    const directory = binding.createObjectDirectory(0, path)
    const events = ['first', 'second'].map((name) => binding.createEvent(directory, name)) as [number, number]
    try {
      await body(directory, ...events, path)
    } finally {
      for (const handle of [...events, directory]) binding.closeHandle(handle)
    }
  }
}

describe('handles', () => {
  it(
    'are inherited when they are in the list, and only then',
    withObjects(async (_, first, second) => {
      assert.equal(await run(['handle', String(first)], [first]), 'set')
      assert.equal(await run(['handle', String(first)]), 'none')
      assert.equal(await run(['handle', String(second)], [first]), 'none')
      // In the other order, so that it is the list that decides and not the number.
      assert.equal(await run(['handle', String(second)], [second]), 'set')
      assert.equal(await run(['handle', String(first)], [second]), 'none')
    }),
  )

  it(
    'of one command are not those of another that starts at the same time',
    withObjects(async (_, first, second) => {
      const both = await Promise.all([run(['handle', String(second)], [first]), run(['handle', String(first)], [second])])
      assert.deepEqual(both, ['none', 'none'])
      // And nothing stays inheritable for what Node starts by itself.
      assert.equal(helper('handle', String(first)).trim(), 'none')
    }),
  )
})

describe('the directory of named objects', () => {
  it(
    'has objects that are found by their path, and not by their names alone',
    withObjects(async (_directory, _first, _second, path) => {
      assert.equal(await run(['event', `${path}\\first`]), 'set')
      assert.equal(await run(['event', `${path}\\third`]), 'none')
      assert.equal(await run(['event', 'first']), 'none')
    }),
  )

  it('is one of a kind, links lead on in it, and it is gone with its last handle', async () => {
    const path = `\\BaseNamedObjects\\stratabox-test-${process.pid}`
    const directory = binding.createObjectDirectory(0, path)
    assert.throws(() => binding.createObjectDirectory(0, path), { code: 'EEXIST' })
    const event = binding.createEvent(directory, 'target')
    const link = binding.createObjectLink(directory, 'link', `${path}\\target`)
    assert.equal(await run(['event', `${path}\\link`]), 'set')
    for (const handle of [link, event, directory]) binding.closeHandle(handle)
    assert.equal(await run(['event', `${path}\\target`]), 'none')
    binding.closeHandle(binding.createObjectDirectory(0, path))
  })
})
