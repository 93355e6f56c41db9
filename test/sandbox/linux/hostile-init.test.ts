// A PID 1 that was taken over from inside: whatever it says to Node's side of its socket is an answer, or ends this sandbox, and nothing else.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { Sandbox } from 'stratabox'
import { afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { StrataError } from '../../../src/core/index.js'
import { encodeMessage, native, OP, type Step, step } from '../../../src/native/index.js'
import { closeChannel, watch } from '../../../src/sandbox/linux/channels.js'
import { linuxHost } from '../../../src/sandbox/linux/host.js'
import { type EndWatcher, InitClient } from '../../../src/sandbox/linux/init-client.js'
import { descendants } from '../../support/descendants.js'
import { requires } from '../../support/requires.js'
import { openFds } from '../../support/residue.js'
import { staticProgram } from '../../support/static-program.js'
import { open, output } from '../api/support/open.js'

const RUNS = Number(process.env['STRATABOX_FUZZ_RUNS'] ?? 150)
// What PID 1 answers: request 1 was sent first, 2 second.
const KNOWN_IDS = [0, 1, 2]

/** Both ends: Node's client, and PID 1 as the test plays it. */
class Pair {
  readonly client: InitClient
  readonly outcomes: string[] = []
  kills = 0
  readonly #init: number

  constructor() {
    const [ours, theirs] = native().socketPair()
    this.client = new InitClient(ours, () => this.kills++)
    this.#init = watch(theirs, () => undefined)
  }

  /** A command that was asked for; `outcomes` tells what became of it. */
  spawn(): void {
    const watcher: EndWatcher = {
      ended: ({ waitStatus }) => this.outcomes.push(`ended ${waitStatus}`),
      lost: () => this.outcomes.push('lost'),
    }
    this.client.spawn(step(OP.spawn), [], watcher).then(
      ({ pid }) => this.outcomes.push(`started ${pid}`),
      (error) => this.outcomes.push(error instanceof StrataError ? 'rejected' : `untyped: ${error}`),
    )
  }

  say(bytes: Uint8Array, fds: readonly number[] = [], times = 1): void {
    for (let k = 0; k < times; k++) native().send(this.#init, bytes, fds)
  }

  end(): void {
    closeChannel(this.#init)
  }
}

/** Waits until `done`, and says so when it never comes. */
async function eventually(done: () => boolean, what: string): Promise<void> {
  for (const end = Date.now() + 20_000; !done(); await sleep(1)) if (Date.now() > end) throw new Error(`never: ${what}`)
}

let settled = 0
beforeAll(async () => {
  // The supervisor, and all that Node opens late, before anything is counted.
  await Sandbox.run(['true'])
  execFileSync('true')
  await sleep(100)
  settled = openFds()
})
afterEach(() => eventually(() => openFds() <= settled, `${settled} descriptors, there are ${openFds()}`))

describe('a PID 1 that says what it never says', () => {
  const directory = openSync(tmpdir(), 'r')
  const ready = encodeMessage(0, [step(OP.ready, [1, 1])])
  const cases: [string, (pair: Pair) => void][] = [
    ['nothing that is a message', (pair) => pair.say(Uint8Array.of(1, 2, 3))],
    ['an unknown operation', (pair) => pair.say(encodeMessage(1, [step(999)]))],
    ['a request of Node', (pair) => pair.say(encodeMessage(1, [step(OP.spawn, [0], 'x')]))],
    ['more than fits a message', (pair) => pair.say(new Uint8Array(60_000))],
    ['that a command started which nobody asked for', (pair) => pair.say(encodeMessage(7, [step(OP.spawned, [2])]))],
    ['that a command started twice', (pair) => pair.say(encodeMessage(1, [step(OP.spawned, [2])]), [], 2)],
    ['that a command ended before it started', (pair) => pair.say(encodeMessage(1, [step(OP.exit, [0, 0, 0, 0])]))],
    ['a process id that cannot be', (pair) => pair.say(encodeMessage(1, [step(OP.spawned, [-1])]))],
    ['an error that is none', (pair) => pair.say(encodeMessage(1, [step(OP.spawnFailed, [0], 'a', 'b', 'c')]))],
    ['that it is ready, with five descriptors', (pair) => pair.say(ready, new Array(5).fill(directory))],
    ['that it is ready, with files', (pair) => withFile((fd) => pair.say(ready, [fd, fd]))],
    ['that it is ready, twice', (pair) => pair.say(ready, [directory, directory], 2)],
    ['that a command started, with a descriptor', (pair) => pair.say(encodeMessage(1, [step(OP.spawned, [2])]), [directory])],
  ]
  it.each(cases)('%s, is ended', async (_, say) => {
    const pair = new Pair()
    pair.client.ready.then(
      ({ root, upper }) => [root, upper].forEach(closeSync),
      () => undefined,
    )
    pair.spawn()
    say(pair)
    await eventually(() => pair.kills === 1, 'the kill')
    expect(pair.client.closedBy).toMatchObject({ code: 'ERR_SANDBOX_ENDED', message: expect.stringContaining('said what it never says') })
    pair.client.close(new StrataError('the supervisor told'))
    pair.end()
    await eventually(() => pair.outcomes.length > 0, 'an outcome')
    expect(pair.kills).toBe(1)
  })

  it('by closing its socket and living on, is ended', async () => {
    const pair = new Pair()
    pair.spawn()
    pair.end()
    await eventually(() => pair.kills === 1, 'the kill')
    pair.client.close(new StrataError('the supervisor told'))
    await eventually(() => pair.outcomes[0] === 'rejected', 'an outcome')
  })
})

describe('a PID 1 of its own process', () => {
  const program = () => staticProgram(readFileSync(new URL('./support/hostile-init.c', import.meta.url), 'utf8'))

  /** A client whose other end is another process's descriptor 3. */
  function hostile(what: string): { client: InitClient; kills: () => number } {
    const [ours, theirs] = native().socketPair()
    const child = spawn(program(), [what], { stdio: ['ignore', 'ignore', 'inherit', theirs] })
    native().close(theirs)
    let kills = 0
    const client = new InitClient(ours, () => kills++)
    client.ready.catch(() => undefined)
    onTestFinished(async () => {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    })
    return { client, kills: () => kills }
  }

  it('that floods fills no memory while Node is busy, and does not keep another sandbox from working', async () => {
    const sandbox = await open()
    const before = process.memoryUsage().rss
    const { kills } = hostile('flood')
    // Long enough for some hundred megabytes.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500)
    expect(process.memoryUsage().rss - before).toBeLessThan(40 * 2 ** 20)
    expect(await output(sandbox, ['echo', 'still here'])).toBe('still here')
    await eventually(() => kills() === 1, 'the kill')
    await sandbox.close()
  })

  it('that breaks its word ends with its sandbox, what runs there ends as killed, and others go on', async (ctx) => {
    // Nobody else may look into a PID 1.
    requires(ctx, 'root')
    const sandbox = await open()
    const { pid } = (await linuxHost()).supervisor
    const inits = () => descendants(pid).flatMap((child) => (child.name === 'stratabox-init' ? [String(child.pid)] : []))
    const before = inits()
    const victim = await open()
    const [init] = inits().filter((one) => !before.includes(one))
    const sleeping = victim.run(['sleep', '600'])
    await victim.run(['true'])
    execFileSync(program(), ['speak', init!])
    expect(await sleeping).toMatchObject({ exitCode: null, signal: 'SIGKILL' })
    await expect(victim.run(['true'])).rejects.toMatchObject({
      code: 'ERR_SANDBOX_ENDED',
      message: expect.stringContaining('said what it never says'),
    })
    await eventually(() => !inits().includes(init!), 'the end of PID 1')
    expect(await output(sandbox, ['echo', 'still here'])).toBe('still here')
    await sandbox.close()
    await victim.close()
  })

  it('that sends a socket whose close(2) waits holds nobody up', async () => {
    const sandbox = await open()
    const { kills } = hostile('linger')
    await eventually(() => kills() === 1, 'the kill')
    // The same thread serves this one.
    expect(await output(sandbox, ['echo', 'still here'])).toBe('still here')
    await sandbox.close()
  })
})

describe('any messages at all', () => {
  const directory = openSync(tmpdir(), 'r')
  const int = fc.oneof(
    fc.constantFrom(0n, 1n, 2n, 9n, -1n, 2n ** 63n - 1n, -(2n ** 63n)),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  )
  const anyStep: fc.Arbitrary<Step> = fc.record({
    op: fc.oneof({ weight: 8, arbitrary: fc.constantFrom(OP.ready, OP.failed, OP.spawned, OP.spawnFailed, OP.exit) }, fc.nat(0xffff)),
    ints: fc.array(int, { maxLength: 6 }),
    strings: fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 }),
  })
  // Often what an honest PID 1 would say, so that the client gets past the first message.
  const honest = fc.constantFrom<[number, Step]>(
    [0, step(OP.ready, [1, 1])],
    [1, step(OP.spawned, [2])],
    [2, step(OP.spawnFailed, [2], 'execve', 'exec', 'x')],
    [1, step(OP.exit, [0, 5, 5, 4096])],
  )
  const anyBytes = fc.oneof(
    { weight: 4, arbitrary: honest.map(([id, one]) => encodeMessage(id, [one])) },
    {
      weight: 4,
      arbitrary: fc
        .tuple(fc.constantFrom(...KNOWN_IDS, 0xffff_ffff), fc.array(anyStep, { maxLength: 3 }))
        .map(([id, steps]) => encodeMessage(id, steps)),
    },
    { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 300 }) },
    { weight: 1, arbitrary: fc.integer({ min: 16_000, max: 40_000 }).map((length) => new Uint8Array(length)) },
  )
  const message = fc.record({
    bytes: anyBytes,
    keep: fc.oneof({ weight: 5, arbitrary: fc.constant(1) }, fc.double({ min: 0, max: 1, noNaN: true })),
    fds: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.constant(2) }, fc.nat(16)),
  })

  it('settle every call with a result or a typed error, end the sandbox at most once, and leave no descriptor', {
    timeout: 60_000 + RUNS * 200,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 12 }), async (messages) => {
        const pair = new Pair()
        const readiness: string[] = []
        pair.client.ready.then(
          ({ root, upper }) => {
            readiness.push('ready')
            for (const fd of [root, upper]) {
              expect(fstatSync(fd).isDirectory()).toBe(true)
              closeSync(fd)
            }
          },
          (error) => readiness.push(error instanceof StrataError ? 'rejected' : `untyped: ${error}`),
        )
        pair.spawn()
        pair.spawn()
        for (const { bytes, keep, fds } of messages)
          pair.say(bytes.subarray(0, Math.max(1, Math.ceil(bytes.length * keep))), new Array(fds).fill(directory))
        pair.end()
        // The end comes last, so when it has come all was said.
        await eventually(() => pair.client.closedBy !== undefined, 'the end')
        pair.client.close(new StrataError('the supervisor told'))
        await eventually(() => readiness.length === 1 && pair.outcomes.length >= 2, `all outcomes: ${readiness} ${pair.outcomes}`)
        expect(pair.kills).toBe(1)
        expect(readiness[0]).not.toContain('untyped')
        // Each of the two was rejected once, or started once and ended once.
        const count = (how: string) => pair.outcomes.filter((outcome) => outcome.startsWith(how)).length
        expect(count('rejected') + count('started')).toBe(2)
        expect(count('ended')).toBe(count('started'))
        expect(pair.outcomes).toHaveLength(2 + count('started'))
        await eventually(() => openFds() <= settled, 'as many descriptors as before')
      }),
      { numRuns: RUNS, ...(process.env['STRATABOX_FUZZ_RUNS'] === undefined ? { seed: 1 } : {}) },
    )
  })
})

function withFile(use: (fd: number) => void): void {
  const fd = openSync('/dev/null', 'r')
  try {
    use(fd)
  } finally {
    closeSync(fd)
  }
}
