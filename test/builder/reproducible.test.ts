// The same build elsewhere: another day, umask, locale, time zone, order of directories, user and Node version give the same digests.
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nativeDirectory } from '../../src/native/load.js'
import { program } from '../content/scripts.js'
import { requires } from '../support/requires.js'

const UID = 65_534
const NAMES = ['z', 'a', 'ä', 'B', 'Z', '_', '10', '9', 'i', 'I', 'ı']
let home = ''
let script = ''

/** The same tree, its names made in this order. */
function tree(name: string, names: readonly string[]): string {
  const top = join(home, name)
  for (const each of names) {
    mkdirSync(join(top, `d-${each}`), { recursive: true, mode: 0o755 })
    chmodSync(join(top, `d-${each}`), 0o755)
    for (const inner of names) writeFileSync(join(top, `d-${each}`, inner), `${each}${inner}`.repeat(500))
    for (const inner of names) chmodSync(join(top, `d-${each}`, inner), inner < 'M' ? 0o644 : 0o755)
    symlinkSync(`d-${each}/${each}`, join(top, `l-${each}`))
  }
  chmodSync(top, 0o755)
  return top
}

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'stratabox-repro-'))
  chmodSync(home, 0o755)
  tree('one', NAMES)
  tree('two', [...NAMES].reverse())
  script = await program(`
    import { Store } from '../../src/api/store.js'
    const [path, tree] = process.argv.slice(2)
    process.umask(Number(process.env.TEST_UMASK ?? 0o022))
    const store = await Store.open({ path })
    const digests = []
    for (const compression of ['gzip', 'zstd', 'none']) {
      const image = await store.build('scratch').copy(tree, '/app').write('/etc/conf', 'x'.repeat(9)).env({ A: '1' }).label({ ä: 'ö' }).cmd(['/app/a'])
        .remove('/app/d-a').commit({ compression, platform: 'linux/amd64' })
      digests.push(image.digest)
    }
    await store.close()
    console.log(digests.join(' '))
  `)
  cpSync(script, join(home, 'main.mjs'))
  chmodSync(join(home, 'main.mjs'), 0o644)
  // The other user may not get into this checkout.
  cpSync(join(nativeDirectory(), 'stratabox.node'), join(home, 'stratabox.node'))
  chmodSync(join(home, 'stratabox.node'), 0o755)
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

let serial = 0
/** Digests of the build in a process of its own. */
function digests(options: { tree?: string; env?: NodeJS.ProcessEnv; node?: string; wrap?: readonly string[]; uid?: number } = {}): string {
  const place = join(home, `store-${serial++}`)
  mkdirSync(place, { mode: 0o777 })
  chmodSync(place, 0o777)
  const { SOURCE_DATE_EPOCH: _, ...env } = process.env
  const [command, ...args] = [
    ...(options.wrap ?? []),
    options.node ?? process.execPath,
    join(home, 'main.mjs'),
    join(place, 's'),
    join(home, options.tree ?? 'one'),
  ]
  return execFileSync(command!, args, {
    encoding: 'utf8',
    env: { ...env, STRATABOX_NATIVE: home, ...options.env },
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim()
}

describe('the same build', () => {
  it.each<[string, Parameters<typeof digests>[0]]>([
    ['again', {}],
    ['with directories in another order', { tree: 'two' }],
    ['under another umask', { env: { TEST_UMASK: String(0o077) } }],
    ['in another language', { env: { LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8' } }],
    ['in the C locale', { env: { LC_ALL: 'C' } }],
    ['in another time zone', { env: { TZ: 'Pacific/Apia' } }],
  ])('%s gives the same digests', (_, options) => {
    expect(digests(options)).toBe(digests())
  })

  it('of another user gives the same digests', (ctx) => {
    requires(ctx, 'root')
    expect(digests({ uid: UID })).toBe(digests())
  })

  it('on another day gives the same digests', (ctx) => {
    requires(ctx, 'faketime')
    expect(digests({ wrap: ['faketime', '2031-05-06 07:08:09'] })).toBe(digests())
  })

  // Which needs one: STRATABOX_OTHER_NODE=…/bin/node.
  const other = process.env['STRATABOX_OTHER_NODE']
  if (other !== undefined)
    it('of another Node gives the same digests', () => {
      expect(digests({ node: other })).toBe(digests())
    })
})
