// A build that is aborted, at any moment: it rejects with the reason, and leaves no process, mount, group or unfinished file.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ImageBuilder, Store } from 'stratabox'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { descendants, eventually } from '../support/descendants.js'
import { openFds } from '../support/residue.js'
import { groupsOf } from '../system/support/groups.js'

const ATTEMPTS = 12
/** What stays for the next sandbox. */
const OURS = ['stratabox', 'stratabox-files']
let home = ''
let store: Store
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'stratabox-abort-'))
  store = await Store.open({ path: join(home, 'store') })
  for (let k = 0; k < 20; k++) {
    mkdirSync(join(home, 'src', String(k)), { recursive: true })
    for (let n = 0; n < 20; n++) writeFileSync(join(home, 'src', String(k), String(n)), `${k} ${n}\n`.repeat(600))
  }
})
afterEach(async () => {
  await store.close()
  await rm(home, { recursive: true, force: true })
})

/** Unfinished files and trees, and directories of sandboxes. */
const unfinished = () => ['tmp', 'sandboxes'].flatMap((place) => readdirSync(join(home, 'store', place)).map((name) => `${place}/${name}`))

/** Aborts builds of `make` at random moments of how long one takes, then lets one through. */
async function abortOften(make: () => ImageBuilder): Promise<void> {
  const began = performance.now()
  const whole = await make().commit({ cache: false, tag: 'whole:1' })
  const takesMs = performance.now() - began
  let aborted = 0
  let fds = 0
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const abort = new AbortController()
    const reason = new Error(`enough ${attempt}`)
    const timer = setTimeout(() => abort.abort(reason), (takesMs * (attempt + Math.random())) / ATTEMPTS)
    const outcome = await make()
      .commit({ cache: false, tag: 'aborted:1', signal: abort.signal })
      .catch((error: unknown) => error)
    clearTimeout(timer)
    if (abort.signal.aborted && outcome === reason) {
      aborted++
      expect(unfinished()).toEqual([])
      expect(await store.get('aborted:1')).toBeUndefined()
    } else {
      // Done before it could be aborted: then all of it is there.
      expect((outcome as { digest?: string }).digest, String(outcome)).toBe(whole.digest)
      await store.untag('aborted:1')
    }
    if (attempt === 0) fds = openFds()
  }
  expect(aborted).toBeGreaterThan(ATTEMPTS / 4)
  expect(await eventually(() => descendants(process.pid).every(({ name }) => OURS.includes(name)))).toBe(true)
  expect(await eventually(() => groupsOf(process.pid).length === 0)).toBe(true)
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(home)
  await expect.poll(() => openFds() - fds, { timeout: 10_000 }).toBeLessThan(3)
  expect(await store.verify()).toEqual({ problems: [] })
  await store.gc()
  const { unreferenced, images } = await store.usage()
  expect([unreferenced.count, images.count > 0]).toEqual([0, true])
  const again = await make().commit({ tag: 'again:1' })
  expect(again.digest).toBe(whole.digest)
}

describe('an aborted build leaves nothing', () => {
  it('while it copies', async () => {
    await abortOften(() =>
      store
        .build('scratch')
        .copy(join(home, 'src'), '/a')
        .copy(join(home, 'src'), '/b', { owner: '7' })
        .copy(join(home, 'src'), '/c', { mode: 0o600 }),
    )
  }, 300_000)

  it('while its commands run', async () => {
    const base = await store.build('scratch').program('/bin/sh', '/bin/cat', '/bin/sleep').commit({ tag: 'base:1', compression: 'none' })
    await abortOften(() =>
      store
        .build(base)
        .run('mkdir /x 2>/dev/null; sleep 0.1 & i=0; while [ $i -lt 50 ]; do echo $i > /$i; i=$((i+1)); done; wait')
        .run('sleep 0.2; echo 2 > /two')
        .copy(join(home, 'src'), '/b'),
    )
  }, 300_000)

  it('while its stages are built at the same time', async () => {
    const base = await store.build('scratch').program('/bin/sh', '/bin/cat', '/bin/sleep').commit({ tag: 'base:1', compression: 'none' })
    await abortOften(() => {
      const one = store.build(base).run('sleep 0.15; echo one > /made')
      const two = store.build('scratch').copy(join(home, 'src'), '/made')
      return store.build('scratch').copy('/made', '/one', { from: one }).copy('/made', '/two', { from: two })
    })
  }, 300_000)
})
