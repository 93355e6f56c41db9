// The example of docs/hive.md does what its comments say.
import { readFileSync } from 'node:fs'
import * as hive from 'stratabox/hive'
import ts from 'typescript'
import { expect, it } from 'vitest'

it('runs as it is written', () => {
  const text = readFileSync(new URL('../../docs/hive.md', import.meta.url), 'utf8')
  const example = /```ts\n([\s\S]*?)```/.exec(text)?.[1] ?? ''
  expect(example.trimEnd().split('\n').length).toBeLessThanOrEqual(15)
  const { outputText } = ts.transpileModule(example, {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
  })
  const printed: string[] = []
  const console = { log: (...parts: unknown[]) => void printed.push(parts.join(' ')) }
  const body = new Function('require', 'exports', 'console', `${outputText}\nreturn { view, delta, merged, again }`)
  const { view, merged, again } = body(() => hive, {}, console)
  expect(printed[0]).toBe('modify Vendor\\App')
  expect(printed[1]).toContain('[HKEY_LOCAL_MACHINE\\SOFTWARE\\Vendor\\App]\r\n"Level"=dword:00000003\r\n')
  expect([...hive.diffHives(new hive.LayeredHive(view.layers[0], again), merged)]).toEqual([])
})
