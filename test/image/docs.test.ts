// The examples of docs/image.md and docs/layer.md run as written.
import { expect, it } from 'vitest'
import { examplesIn, inProject } from '../support/examples.js'

it('the example of docs/image.md makes an image on another, and a valid one', async () => {
  const [code, ...others] = examplesIn('docs/image.md')
  expect(others).toEqual([])
  // Nothing in it depends on the day or the machine.
  expect(await inProject(code!)).toBe('2 layers, then 1\n[]\nfile /etc/motd\n')
})

it('the example of docs/layer.md lists a layer, and reads it again from its tar', async () => {
  const [code, ...others] = examplesIn('docs/layer.md')
  expect(others).toEqual([])
  expect(await inProject(code!)).toBe('whiteout /etc/issue\nfile /etc/motd\ntrue\n')
})
