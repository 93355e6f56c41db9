// When a layer of copied files is made again: whenever anything in it is another, and never else.
import { chmodSync, chownSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { beforeEach, describe, expect, it } from 'vitest'
import type { ImageBuilder } from '../../src/builder/index.js'
import type { Image } from '../../src/image/index.js'
import { native } from '../../src/native/index.js'
import { requires } from '../support/requires.js'
import { workshop } from './support.js'

const shop = workshop()
beforeEach(() => {
  mkdirSync(shop.path('src/d'), { recursive: true })
  writeFileSync(shop.path('src/d/f'), 'one'.repeat(100))
  writeFileSync(shop.path('src/g'), 'two')
  symlinkSync('d', shop.path('src/l'))
})

/** Builds it; whether the last step came out of the cache. */
async function build(builder: ImageBuilder): Promise<{ image: Image; cached: boolean }> {
  let cached = false
  const image = await builder.commit({
    onEvent: (event) => {
      if (event.kind === 'done') cached = event.cached
    },
  })
  return { image, cached }
}
const copied = (options: Parameters<ImageBuilder['copy']>[2] = {}) => shop.store.build('scratch').copy(shop.path('src'), '/app', options)

describe('a copy is taken from the cache', () => {
  it.each<[string, () => void]>([
    ['when nothing changed', () => {}],
    ['when only times did', () => utimesSync(shop.path('src/d/f'), 1, 1)],
    [
      'when the same was made anew',
      () => {
        rmSync(shop.path('src'), { recursive: true })
        mkdirSync(shop.path('src/d'), { recursive: true })
        symlinkSync('d', shop.path('src/l'))
        writeFileSync(shop.path('src/g'), 'two')
        writeFileSync(shop.path('src/d/f'), 'one'.repeat(100))
      },
    ],
    ['when what changed is ignored', () => writeFileSync(shop.path('src/log'), 'x')],
  ])('%s', async (_, change) => {
    const first = await build(copied({ ignore: ['log'] }))
    change()
    const second = await build(copied({ ignore: ['log'] }))
    expect([first.cached, second.cached]).toEqual([false, true])
    expect(second.image.digest).toBe(first.image.digest)
  })
})

const is = (next: Awaited<ReturnType<typeof build>>, first: Awaited<ReturnType<typeof build>>) => {
  expect(next.cached).toBe(false)
  expect(next.image.digest).not.toBe(first.image.digest)
}

describe('a copy is made again', () => {
  it.each<[string, () => void]>([
    ['another content', () => writeFileSync(shop.path('src/g'), 'owt')],
    ['another mode', () => chmodSync(shop.path('src/g'), 0o755)],
    ['another mode of a directory', () => chmodSync(shop.path('src/d'), 0o700)],
    ['another attribute', () => native().setxattr(-100, Buffer.from(shop.path('src/g')), 'user.one', Buffer.from('1'))],
    ['another name', () => renameSync(shop.path('src/g'), shop.path('src/h'))],
    ['a file less', () => rmSync(shop.path('src/g'))],
    ['an empty directory more', () => mkdirSync(shop.path('src/e'))],
    [
      'a link that leads elsewhere',
      () => {
        rmSync(shop.path('src/l'))
        symlinkSync('g', shop.path('src/l'))
      },
    ],
    [
      'a link in place of a file',
      () => {
        rmSync(shop.path('src/g'))
        symlinkSync('d/f', shop.path('src/g'))
      },
    ],
  ])('for %s', async (_, change) => {
    const first = await build(copied())
    change()
    is(await build(copied()), first)
  })

  it.each<[string, Parameters<ImageBuilder['copy']>[2]]>([
    ['another mode', { mode: 0o600 }],
    ['another owner', { owner: '7' }],
    ['other files ignored', { ignore: ['g'] }],
    ['links followed', { followLinks: true }],
  ])('with %s', async (_, options) => {
    const first = await build(copied())
    is(await build(copied(options)), first)
  })

  it('for an owner by name that the base says is another', async (ctx) => {
    requires(ctx, 'root')
    const onBase = (uid: number) =>
      shop.store.build('scratch').write('/etc/passwd', `app:x:${uid}:${uid}::/:/bin/sh\n`).copy(shop.path('src'), '/app', { owner: 'app' })
    const first = await build(onBase(7))
    expect((await build(onBase(7))).cached).toBe(true)
    is(await build(onBase(8)), first)
    // The owner on the host is nobody's business.
    chownSync(shop.path('src/g'), 9, 9)
    expect((await build(onBase(7))).cached).toBe(true)
  })

  it('for another base where it says what is copied over, and not for another base else', async () => {
    const onBase = (path: string, mode: number) =>
      shop.store.build('scratch').write(`${path}/x`, '1').write(`${path}/y`, '', { mode }).copy(shop.path('src'), '/app')
    await build(onBase('/other', 0o600))
    const elsewhere = await build(onBase('/other', 0o644))
    expect(elsewhere.cached).toBe(true)
    const { image } = await build(onBase('/app', 0o644))
    expect(image.digest).not.toBe(elsewhere.image.digest)
  })
})
