// The example of docs/image.md is this code, and it works.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { appendLayer, type Change, layerFromChanges, squash, validate, withConfig } from '../../src/image/index.js'
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
