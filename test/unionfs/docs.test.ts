// The example of docs/unionfs.md is this code, and it works.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { appendLayer, emptyImage, layerFromChanges } from '../../src/image/index.js'
import { UnionFs } from '../../src/unionfs/index.js'
import { view } from './support/layers.js'

const textOf = (path: string) => readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8')

async function base() {
  const fs = await view([])
  await fs.mkdir('/usr/share/doc', { recursive: true })
  await fs.mkdir('/var/cache', { recursive: true })
  await fs.mkdir('/etc')
  return appendLayer(await emptyImage(), await layerFromChanges(fs.changes()))
}

it('runs the example of the docs', async () => {
  const image = await base()
  const lines: string[] = []
  const console = { log: (...words: string[]) => lines.push(words.join(' ')) }
  // example
  const fs = await UnionFs.of(image, { nowNs: () => 0n })
  await fs.writeFile('/etc/motd', 'hello\n')
  await fs.rename('/usr/share/doc', '/doc')
  await fs.rm('/var/cache', { recursive: true, force: true })

  const found = await fs.stat('/etc/motd') // found.mtimeNs is a bigint
  const blame = await fs.layerOf('/etc/motd') // 'upper': changed here; else the layer's number, 0 the lowest
  for await (const change of fs.changes()) console.log(change.kind, change.path)
  const next = await appendLayer(image, await fs.toLayer())
  // end
  expect(found.mtimeNs).toBe(0n)
  expect(blame).toBe('upper')
  expect(lines).toEqual([
    'add /doc',
    'modify /etc',
    'add /etc/motd',
    'modify /usr/share',
    'delete /usr/share/doc',
    'modify /var',
    'delete /var/cache',
  ])
  expect((await next.layers()).length).toBe(2)
  const code = /\/\/ example\n([\s\S]*?) *\/\/ end/.exec(textOf('docs.test.ts'))![1]!.replace(/^ {2}/gm, '')
  expect(textOf('../../docs/unionfs.md')).toContain(code)
})
