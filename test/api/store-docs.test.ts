// The examples of docs/store.md and docs/builder.md run as written.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { ended, program, start } from '../content/scripts.js'
import { temporaryDirectory } from '../content/support.js'

const place = temporaryDirectory()

async function run(page: string): Promise<string> {
  const text = readFileSync(fileURLToPath(new URL(`../../docs/${page}`, import.meta.url)), 'utf8')
  const [, code] = /```js\n([\s\S]*?)```/.exec(text)!
  const child = start(await program(code!), [], place.path)
  let out = ''
  child.stdout!.on('data', (chunk) => {
    out += String(chunk)
  })
  expect(await ended(child)).toBe(0)
  return out
}

describe('the example', () => {
  it('of docs/store.md stores, saves, loads and unpacks', async () => {
    const out = await run('store.md')
    expect(out).toContain('hello:1\nlocalhost:5000/team/hello:1\n')
    expect(out).toContain('{ problems: [] }')
    expect(readFileSync(`${place.path}/tree/hello`, 'utf8')).toBe('hi\n')
  })

  it('of docs/builder.md builds one image on another', async () => {
    const out = await run('builder.md')
    expect(out).toMatch(/^write \/app\/main.js false\n/)
    expect(out.match(/sha256:[0-9a-f]{64}/g)).toHaveLength(2)
  })
})
