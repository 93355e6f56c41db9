import { chmodSync, chownSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { contentOf } from '../../src/api/store.js'
import { ImageBuilder, type RunStep, type RunStepOptions } from '../../src/builder/index.js'
import { native } from '../../src/native/index.js'
import { requires } from '../support/requires.js'
import { workshop } from './support.js'

const shop = workshop()
const commands: string[] = []
const run: RunStep = async ({ command }) => {
  commands.push(String(command))
  return { changes: async function* () {}, [Symbol.asyncDispose]: async () => {} }
}
const builder = () =>
  new ImageBuilder(
    { content: contentOf(shop.store), resolve: () => Promise.reject(new Error('no reference')), tag: async () => {}, runStep: run },
    'scratch',
  )

/** Whether the second of two builds runs its command again. */
async function runsAgain(first: () => ImageBuilder, second: () => ImageBuilder, between: () => void = () => {}): Promise<boolean> {
  await first().commit()
  between()
  const before = commands.length
  await second().commit()
  return commands.length > before
}
const make = (options: RunStepOptions = {}) => builder().run('make', options)

describe('a command is not run again', () => {
  it.each<[string, () => ImageBuilder, () => ImageBuilder]>([
    ['when nothing changed', () => make({ env: { A: '1', B: '2' } }), () => make({ env: { A: '1', B: '2' } })],
    ['for another order of variables', () => make({ env: { A: '1', B: '2' } }), () => make({ env: { B: '2', A: '1' } })],
    ['for options that are undefined', () => make(), () => make({ user: undefined, mounts: {} })],
    [
      'for another secret at the same place',
      () => make({ mounts: { '/s': { secret: 'a' } } }),
      () => make({ mounts: { '/s': { secret: 'b' } } }),
    ],
    [
      'for what is in its cache directory',
      () => make({ mounts: { '/c': { cache: 'npm' } } }),
      () => make({ mounts: { '/c': { cache: 'npm' } } }),
    ],
  ])('%s', async (_, first, second) => {
    expect(await runsAgain(first, second)).toBe(false)
  })
})

describe('a command is run again', () => {
  it.each<[string, () => ImageBuilder, () => ImageBuilder]>([
    ['another command', () => make(), () => builder().run('make all')],
    ['the same words as an argument list', () => make(), () => builder().run(['make'])],
    ['another variable', () => make({ env: { A: '1' } }), () => make({ env: { A: '2' } })],
    ['a variable that is taken away', () => make(), () => make({ env: { A: undefined } })],
    ['another user', () => make(), () => make({ user: '1000' })],
    ['another directory', () => make(), () => make({ cwd: '/tmp' })],
    ['other limits', () => make(), () => make({ limits: { pidsMax: 10 } })],
    ['another network', () => make(), () => make({ network: 'host' })],
    ['other hosts that it may reach', () => make({ network: { allow: ['a.example'] } }), () => make({ network: { allow: ['b.example'] } })],
    ['a mount', () => make(), () => make({ mounts: { '/m': { tmpfs: true } } })],
    [
      'another size of a mount',
      () => make({ mounts: { '/m': { tmpfs: true } } }),
      () => make({ mounts: { '/m': { tmpfs: true, sizeMaxBytes: 4096 } } }),
    ],
    ['another place of a secret', () => make({ mounts: { '/s': { secret: 'a' } } }), () => make({ mounts: { '/t': { secret: 'a' } } })],
    ['another cache directory', () => make({ mounts: { '/c': { cache: 'npm' } } }), () => make({ mounts: { '/c': { cache: 'pip' } } })],
    ['another file below', () => builder().write('/f', '1').run('make'), () => builder().write('/f', '2').run('make')],
    ['another variable of the image', () => builder().env({ A: '1' }).run('make'), () => builder().env({ A: '2' }).run('make')],
    ['another user of the image', () => builder().run('make'), () => builder().user('7').run('make')],
    ['other arguments of the image', () => builder().cmd(['a']).run('make'), () => builder().cmd(['b']).run('make')],
    ['another entrypoint', () => builder().entrypoint(['a']).run('make'), () => builder().entrypoint(['b']).run('make')],
    ['another mode below', () => builder().write('/f', '1').run('make'), () => builder().write('/f', '1', { mode: 0o600 }).run('make')],
    ['another owner below', () => builder().write('/f', '1').run('make'), () => builder().write('/f', '1', { owner: '7' }).run('make')],
    ['another health check', () => builder().run('make'), () => builder().healthcheck({ test: 'true' }).run('make')],
  ])('for %s', async (_, first, second) => {
    expect(await runsAgain(first, second)).toBe(true)
  })

  it('for another time of the build, another compression, and without the cache', async () => {
    await make().commit()
    for (const options of [{ createdAt: new Date(5000) }, { compression: 'none' as const }, { cache: false }]) {
      const before = commands.length
      await make().commit(options)
      expect(commands.length, JSON.stringify(options)).toBe(before + 1)
    }
  })
})

describe('a mounted directory of the host', () => {
  const mounted = (access?: 'read' | 'copy' | 'write') => () => make({ mounts: { '/src': { source: shop.path('src'), access } } })
  const fill = () => {
    mkdirSync(shop.path('src/d'), { recursive: true })
    writeFileSync(shop.path('src/d/f'), 'one')
    symlinkSync('d', shop.path('src/l'))
  }

  it('makes no difference while all of it is the same', async () => {
    fill()
    expect(await runsAgain(mounted(), mounted(), () => writeFileSync(shop.path('src/d/f'), 'one'))).toBe(false)
    expect(await runsAgain(mounted(), mounted(), () => utimesSync(shop.path('src/d/f'), 1, 1))).toBe(false)
  })

  it('makes one with another owner', async (ctx) => {
    requires(ctx, 'root')
    fill()
    expect(await runsAgain(mounted(), mounted(), () => chownSync(shop.path('src/d/f'), 7, 0))).toBe(true)
  })

  it.each<[string, () => void]>([
    ['a content', () => writeFileSync(shop.path('src/d/f'), 'two')],
    ['a mode', () => chmodSync(shop.path('src/d/f'), 0o755)],
    ['a new name', () => writeFileSync(shop.path('src/d/g'), '')],
    ['a name less', () => rmSync(shop.path('src/d/f'))],
    ['an attribute', () => native().setxattr(-100, Buffer.from(shop.path('src/d/f')), 'user.one', Buffer.from('1'))],
    [
      'a link that leads elsewhere',
      () => {
        rmSync(shop.path('src/l'))
        symlinkSync('d/f', shop.path('src/l'))
      },
    ],
    [
      'another type',
      () => {
        rmSync(shop.path('src/d/f'))
        mkdirSync(shop.path('src/d/f'))
      },
    ],
  ])('makes one with %s', async (_, change) => {
    fill()
    expect(await runsAgain(mounted(), mounted(), change)).toBe(true)
  })

  it('that the command may write is never the same', async () => {
    fill()
    expect(await runsAgain(mounted('write'), mounted('write'))).toBe(true)
    expect(await runsAgain(mounted('copy'), mounted('copy'))).toBe(false)
  })

  it('that is not there is an error with its path', async () => {
    await expect(mounted()().commit()).rejects.toMatchObject({ code: 'ENOENT', message: expect.stringContaining('src') })
  })
})
