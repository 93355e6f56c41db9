// The example of docs/image.md is this code, and it works.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { appendLayer, type Change, layerFromChanges, layerFromTar, squash, validate, withConfig } from '../../src/image/index.js'
import { directory, file, imageOfChanges, listing, streamOf } from './support/make.js'

const textOf = (path: string) => readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8')

it('runs the example of the docs', async () => {
  const image = await imageOfChanges([directory('/etc'), file('/etc/motd', 'old'), file('/etc/issue')])
  const one = streamOf
  // example
  const content = new TextEncoder().encode('hello\n')
  const motd: Change = {
    kind: 'modify',
    path: '/etc/motd',
    entry: {
      type: 'file',
      path: '/etc/motd',
      mode: 0o644,
      uid: 0,
      gid: 0,
      mtimeNs: 0n,
      xattrs: {},
      size: content.length,
      content: () => one(content),
    },
  }
  const layer = await layerFromChanges([motd, { kind: 'delete', path: '/etc/issue' }])
  const greeting = await appendLayer(image, layer, { created_by: 'greeting' })
  const shell = await withConfig(greeting, { config: { Cmd: ['/bin/sh'] } })
  const flat = await squash(shell)
  const problems = await validate(flat) // []
  // end
  expect(problems).toEqual([])
  expect(await listing((await flat.layers())[0]!)).toEqual(['directory /etc', 'file /etc/motd "hello\\n"'])
  const code = /\/\/ example\n([\s\S]*?) *\/\/ end/.exec(textOf('docs.test.ts'))![1]!.replace(/^ {2}/gm, '')
  expect(textOf('../../docs/image.md')).toContain(code)
})

it('runs the example of the page on layers', async () => {
  const one = streamOf
  const printed: unknown[] = []
  const console = { log: (...values: unknown[]) => printed.push(values.join(' ')) }
  // layers
  const text = new TextEncoder().encode('hello\n')
  const layer = await layerFromChanges([
    {
      kind: 'add',
      path: '/etc/motd',
      entry: {
        type: 'file',
        path: '/etc/motd',
        mode: 0o644,
        uid: 0,
        gid: 0,
        mtimeNs: 1_700_000_000_123_456_789n,
        xattrs: { 'user.origin': text },
        size: text.length,
        content: () => one(text),
      },
    },
    { kind: 'delete', path: '/etc/issue' },
  ])
  for await (const entry of layer.entries()) console.log(entry.type, entry.path)
  const same = await layerFromTar(() => layer.uncompressed())
  console.log(same.diffId === layer.diffId) // true
  // end of layers
  expect(printed).toEqual(['whiteout /etc/issue', 'file /etc/motd', 'true'])
  const code = /\/\/ layers\n([\s\S]*?) *\/\/ end of layers/.exec(textOf('docs.test.ts'))![1]!.replace(/^ {2}/gm, '')
  expect(textOf('../../docs/layer.md')).toContain(code)
})
