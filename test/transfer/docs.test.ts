// The examples of docs/registry.md and examples/ run as written.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { ended, program, start } from '../content/scripts.js'
import { registryFor } from '../registry/support/registry.js'
import { depot } from './support/depot.js'

const place = depot()
const text = (path: string) => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8')

async function run(code: string, ...args: string[]): Promise<string> {
  const child = start(await program(code), args, place.directory)
  let out = ''
  child.stdout!.on('data', (chunk) => {
    out += String(chunk)
  })
  expect(await ended(child)).toBe(0)
  return out
}

it('docs/registry.md: an image goes to a registry and comes back', async () => {
  const [, code] = /```js\n([\s\S]*?)```/.exec(text('docs/registry.md'))!
  const out = await run(code!)
  expect(out).toMatch(/^true\nresolved \n/)
  for (const what of ['manifest', 'config', 'layer']) expect(out).toContain(`done ${what}\n`)
  expect(out).toMatch(/\ntrue\n1\n$/)
})

it('examples/publish.mjs: builds, pushes and prints the digest', async () => {
  const registry = await registryFor()
  mkdirSync(place.path('dist'))
  writeFileSync(place.path('dist', 'main.js'), 'console.log(1)')
  process.env['XDG_DATA_HOME'] = place.path('data')
  try {
    const out = await run(text('examples/publish.mjs'), `${registry.host}/team/app:1`, './dist')
    const pulled = await (await place.store()).pull(out.trim())
    expect(out).toBe(`${registry.host}/team/app@${pulled.digest}\n`)
  } finally {
    delete process.env['XDG_DATA_HOME']
  }
})
