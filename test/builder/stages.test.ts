import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { contentOf } from '../../src/api/store.js'
import { type BuildEvent, ImageBuilder, type RunStep } from '../../src/builder/index.js'
import { contents, textIn, workshop } from './support.js'

const shop = workshop()
const builder = (runStep: RunStep) =>
  new ImageBuilder(
    { content: contentOf(shop.store), resolve: () => Promise.reject(new Error('no reference')), tag: async () => {}, runStep },
    'scratch',
  )
/** A command that changes nothing. */
const nothing = { changes: async function* () {}, [Symbol.asyncDispose]: async () => {} }

describe('stages', () => {
  it('that do not depend on each other run at the same time, before the steps that copy from them', async () => {
    const under = new Set<string>()
    let together = 0
    const meeting = withResolvers()
    const run: RunStep = async ({ command }) => {
      under.add(String(command))
      together = Math.max(together, under.size)
      // Goes on only when the other one is there too.
      if (under.size === 2) meeting.resolve()
      if (command !== 'main') await meeting.promise
      under.delete(String(command))
      return nothing
    }
    const [a, b] = [builder(run).write('/a', 'a').run('a'), builder(run).write('/b', 'b').run('b')]
    const image = await builder(run).copy('/a', '/x/', { from: a }).copy('/b', '/y/', { from: b }).run('main').commit()
    expect(together).toBe(2)
    expect([await textIn(image, '/x/a'), await textIn(image, '/y/b')]).toEqual(['a', 'b'])
  })

  it('are built once, however many steps and stages copy from them', async () => {
    let runs = 0
    const run: RunStep = async () => {
      runs++
      return nothing
    }
    const base = builder(run).write('/f', 'f').run('make')
    const middle = builder(run).copy('/f', '/m', { from: base })
    const image = await builder(run)
      .copy('/f', '/one', { from: base })
      .copy('/f', '/two', { from: base })
      .copy('/m', '/three', { from: middle })
      .commit({ cache: false })
    expect(runs).toBe(1)
    expect((await contents(image)).flat()).toEqual(['file 644 0:0 /one', 'file 644 0:0 /two', 'file 644 0:0 /three'])
  })

  it('tell their events with their number', async () => {
    const events: BuildEvent[] = []
    const [one, two] = [shop.store.build('scratch').write('/1', ''), shop.store.build('scratch').write('/2', '')]
    await shop.store
      .build('scratch')
      .copy('/1', '/', { from: one })
      .copy('/2', '/', { from: two })
      .commit({ onEvent: (event) => events.push(event) })
    const names = (stage?: number) =>
      events.filter((event) => event.kind === 'done' && event.stage === stage).map((event) => 'name' in event && event.name)
    expect([names(), names(1), names(2)]).toEqual([['copy /', 'copy /'], ['write /1'], ['write /2']])
  })

  it('end the build with their own error, and one another with it', async () => {
    let isAborted = false
    const slowRuns = withResolvers()
    const run: RunStep = async ({ command, signal }) => {
      if (command === 'fail') {
        await slowRuns.promise
        throw new RangeError('failed as it should')
      }
      const aborted = new Promise((_, reject) =>
        signal!.addEventListener('abort', () => {
          isAborted = true
          reject(signal!.reason as Error)
        }),
      )
      slowRuns.resolve()
      await aborted
      return nothing
    }
    const [slow, failing] = [builder(run).run('slow'), builder(run).run('fail')]
    const build = builder(run).copy('/a', '/a', { from: slow }).copy('/b', '/b', { from: failing })
    await expect(build.commit()).rejects.toThrow('failed as it should')
    expect(isAborted).toBe(true)
    expect(readdirSync(shop.path('store', 'tmp'))).toEqual([])
  })

  it('are aborted with the build, and have ended when it rejects', async () => {
    let under = 0
    const abort = new AbortController()
    const run: RunStep = async ({ signal }) => {
      under++
      setTimeout(() => abort.abort(new Error('enough')), 5)
      await new Promise((resolve) => signal!.addEventListener('abort', resolve))
      await new Promise((resolve) => setTimeout(resolve, 20))
      under--
      throw signal!.reason
    }
    const build = builder(run).copy('/a', '/a', { from: builder(run).run('a') })
    await expect(build.commit({ signal: abort.signal })).rejects.toThrow('enough')
    expect(under).toBe(0)
  })
})

function withResolvers() {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
