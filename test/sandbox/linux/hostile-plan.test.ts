// Requests that our own planner would never send, to a supervisor and to a file helper: each is carried out or refused, and both go on.
import { chownSync, closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { StrataError } from '../../../src/core/index.js'
import { encodeMessage, native, nativeDirectory, OP, type Step, step } from '../../../src/native/index.js'
import { closeChannel, watch } from '../../../src/sandbox/linux/channels.js'
import { linuxHost } from '../../../src/sandbox/linux/host.js'

const RUNS = Number(process.env['STRATABOX_FUZZ_RUNS'] ?? 60)
const settings = { numRuns: RUNS, ...(process.env['STRATABOX_FUZZ_RUNS'] === undefined ? { seed: 1 } : {}) }
const timeout = 60_000 + RUNS * 500
const isRoot = process.getuid?.() === 0

// Everything below may write only here: the supervisor is as mighty as whoever runs the tests.
const folder = mkdtempSync(join(tmpdir(), 'stratabox-plan-'))
afterAll(() => rmSync(folder, { recursive: true }))

const int = fc.oneof({ weight: 6, arbitrary: fc.integer({ min: -1, max: 8 }) }, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))
const ints = fc.array(int, { maxLength: 6 })

/** A supervisor of the test's own, and what it answers. */
class RawSupervisor {
  readonly pid: number
  readonly #channel: number
  readonly #answers: { id: number; op: number }[] = []
  #ended = false

  constructor() {
    const { pid, channel } = native().startSupervisor(join(nativeDirectory(), 'stratabox-supervisor'))
    this.pid = pid
    this.#channel = watch(channel, (received, fds) => {
      for (const fd of fds) closeSync(fd)
      if (typeof received === 'object') this.#answers.push({ id: received.id, op: received.step.op })
      else this.#ended = true
    })
  }

  send(bytes: Uint8Array, fds: readonly number[] = []): void {
    native().send(this.#channel, bytes, fds)
  }

  /** Waits for an answer, which is taken out. */
  async answer(id: number, ...ops: number[]): Promise<number> {
    for (const end = Date.now() + 30_000; ; await sleep(1)) {
      const at = this.#answers.findIndex((one) => one.id === id && ops.includes(one.op))
      if (at >= 0) return this.#answers.splice(at, 1)[0]!.op
      if (this.#ended) throw new Error('the supervisor has died')
      if (Date.now() > end) throw new Error(`no answer for ${id}`)
    }
  }

  close(): void {
    closeChannel(this.#channel)
  }
}

describe('a supervisor', () => {
  let supervisor: RawSupervisor
  // An ordinary user may not look into what has entered a user namespace.
  const state = () => ({
    fds: isRoot ? readdirSync(`/proc/${supervisor.pid}/fd`).length : undefined,
    children: readFileSync(`/proc/${supervisor.pid}/task/${supervisor.pid}/children`, 'utf8'),
  })

  beforeAll(async () => {
    supervisor = new RawSupervisor()
    const own = join(folder, 'own')
    mkdirSync(own)
    const ids = isRoot ? [0, 2_100_000_000, 65_536] : [2, 0, 1]
    supervisor.send(encodeMessage(9, [step(OP.configure, [...ids, process.geteuid!(), process.getegid!()], own)]))
    expect(await supervisor.answer(9, OP.configured, OP.failed)).toBe(OP.configured)
  })
  afterAll(() => supervisor.close())

  // Paths of its own half start at the host's root, so they are whole; those of the child are below a directory that it enters first.
  const work = join(folder, 'work')
  const above = fc.constantFrom(join(work, 'a'), join(work, 'a/b'), join(work, 'file'), work, '')
  const below = fc.constantFrom(
    'u',
    'w',
    'root',
    'root/etc',
    'p',
    'a'.repeat(300),
    '',
    'size=1m,mode=755',
    'lowerdir=u:w',
    'tmpfs',
    'proc',
    'overlay',
    'none',
  )
  const own = [OP.makeGroup, OP.writeFile, OP.intoGroup, OP.openTree, OP.removeAtEnd, OP.oomScore] as const
  const child = [
    OP.attachGroup,
    OP.setIds,
    OP.privateMounts,
    OP.reconfigure,
    OP.hostname,
    OP.loopback,
    OP.newMount,
    OP.attach,
    OP.enter,
    OP.mkdir,
    OP.symlink,
    OP.file,
    OP.whiteout,
    OP.overlay,
    OP.tree,
    OP.pivot,
    OP.handOutRoot,
    OP.openUpper,
    OP.dropCaps,
    OP.chown,
    OP.setattr,
    OP.makePath,
    OP.attachOver,
    OP.attachAt,
    OP.openHere,
  ] as const
  const steps = fc.array(
    fc.oneof(
      fc.tuple(fc.constantFrom(...own), ints, fc.array(above, { maxLength: 3 })),
      fc.tuple(fc.constantFrom(...child), ints, fc.array(below, { maxLength: 3 })),
      fc.tuple(fc.constantFrom(OP.namespaces), fc.constantFrom([0x7e02_0000], [0x0002_0000], [-1]), fc.constant([])),
    ),
    { maxLength: 14 },
  )
  // As far as an honest plan gets before it mounts anything.
  const start = [
    step(OP.namespaces, [0x7e02_0000]),
    step(OP.setIds, [isRoot ? 1 : 0]),
    step(OP.privateMounts),
    step(OP.newMount, [2, 6], 'tmpfs', 'size=1m'),
  ]
  const request = fc.record({
    id: fc.oneof({ weight: 8, arbitrary: fc.nat(3) }, fc.constantFrom(65_535, 65_536, 0xffff_ffff)),
    op: fc.oneof(
      { weight: 6, arbitrary: fc.constant(OP.create) },
      fc.constantFrom(OP.blank, OP.resume, OP.resume, OP.close, OP.killAll, OP.userns, OP.socket, OP.helper, 0, 999),
    ),
    steps,
    sockets: fc.oneof({ weight: 6, arbitrary: fc.constant(1) }, fc.nat(16)),
    keep: fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, fc.double({ min: 0, max: 1, noNaN: true })),
    isLong: fc.boolean(),
    hasStart: fc.boolean(),
  })

  it('answers every plan, forgets it when it is closed, and keeps neither descriptor nor process', { timeout }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 6 }), async (requests) => {
        const idle = state()
        mkdirSync(work, { recursive: true })
        for (const { id, op, steps: plan, sockets, keep, isLong, hasStart } of requests) {
          const enter = [step(OP.chdir, [], work), ...(hasStart ? start : [])]
          const bytes = encodeMessage(id, [step(op), ...enter, ...plan.map(([code, numbers, texts]) => step(code, numbers, ...texts))])
          const cut = bytes.subarray(0, Math.max(1, Math.ceil(bytes.length * keep)))
          const pairs = Array.from({ length: sockets }, () => native().socketPair())
          const fds = pairs.map(([, theirs]) => theirs)
          if (isLong && sockets < 16) {
            const memfd = native().memfd(cut)
            supervisor.send(encodeMessage(id, [step(OP.inMemfd)]), [memfd, ...fds])
            closeSync(memfd)
          } else {
            supervisor.send(cut, fds)
          }
          // With their other ends gone, whoever became PID 1 or a helper ends by itself.
          for (const fd of pairs.flat()) closeSync(fd)
        }
        for (const id of new Set(requests.map((one) => one.id).filter((number) => number < 65_536))) {
          supervisor.send(encodeMessage(id, [step(OP.close)]))
          await supervisor.answer(id, OP.closed)
        }
        for (const end = Date.now() + 20_000; JSON.stringify(state()) !== JSON.stringify(idle) && Date.now() < end; await sleep(1)) {
          // Helpers that have ended are buried at the next request.
          supervisor.send(encodeMessage(0, [step(OP.close)]))
          await supervisor.answer(0, OP.closed)
        }
        expect(state()).toEqual(idle)
      }),
      settings,
    )
  })
})

describe('a file helper', () => {
  const name = fc.constantFrom(
    'a',
    'b',
    'a/b',
    'a/b/c',
    'l',
    '..',
    '../..',
    '/',
    '/a',
    '.',
    '',
    './a/../b',
    'a/',
    'x'.repeat(255),
    'x'.repeat(256),
    `${'d/'.repeat(2040)}e`,
  )
  const target = fc.constantFrom('/', '..', 'a', 'l', '../../../../../etc', '/proc/self/root', 'user.x', 'x'.repeat(4000))
  const flags = fc.constantFrom(0, 1, 2, 0o100, 0o302, 0o1102, 0o2001, 0o10000, 0o200000, 0o10000000, 0o20200000)
  const ops = [
    OP.fsOpen,
    OP.fsStat,
    OP.fsScan,
    OP.fsMkdir,
    OP.fsUnlink,
    OP.fsRename,
    OP.fsLink,
    OP.fsSymlink,
    OP.fsReadlink,
    OP.fsChmod,
    OP.fsChown,
    OP.fsUtimes,
    OP.fsTruncate,
    OP.fsMknod,
    OP.fsSetxattr,
    OP.fsAccess,
    OP.fsRealpath,
    OP.fsRemoveTree,
    OP.fsReaddir,
    OP.fsRead,
    199,
    249,
  ]
  const request = fc.oneof(
    fc.tuple(fc.constantFrom(...ops), ints, fc.array(fc.oneof({ weight: 4, arbitrary: name }, target), { maxLength: 4 })),
    fc.tuple(fc.constant(OP.fsOpen), fc.tuple(flags, fc.constant(0o644), fc.constant(0), fc.constant(0)), fc.tuple(name)),
    fc.tuple(fc.constant(OP.fsSymlink), fc.tuple(fc.constant(0), fc.constant(0)), fc.tuple(target, name)),
    fc.tuple(fc.constant(OP.fsMkdir), fc.tuple(fc.constant(0o755), fc.constant(0), fc.constant(0)), fc.tuple(name)),
  )

  it('answers every request with a result or a typed error, and nothing outside its directory changes', { timeout }, async () => {
    const host = await linuxHost()
    const helper = await host.files()
    const outside = mkdtempSync(join(folder, 'outside-'))
    const base = join(outside, 'base')
    mkdirSync(base)
    // Root inside is to be at home there.
    if (host.lease !== undefined) chownSync(base, host.lease.start, host.lease.start)
    const fd = openSync(base, 'r')
    const before = statSync(outside)
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(request, { maxLength: 20 }), async (requests) => {
          const outcomes = await Promise.allSettled(
            requests.map(([op, numbers, texts]) => helper.request({ op, ints: numbers, strings: texts } satisfies Step, fd)),
          )
          for (const outcome of outcomes) {
            if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(StrataError)
            else if (outcome.value.fd !== undefined) closeSync(outcome.value.fd)
          }
          expect(helper.isAlive).toBe(true)
          expect(readdirSync(outside)).toEqual(['base'])
          expect(statSync(outside).mtimeMs).toBe(before.mtimeMs)
        }),
        settings,
      )
    } finally {
      closeSync(fd)
      // An ordinary user could not: some of it has no permissions, some is a sub-id's.
      const above = openSync(outside, 'r')
      if (!isRoot) await helper.request(step(OP.fsRemoveTree, [1_000_000], 'base'), above)
      closeSync(above)
    }
  })
})
