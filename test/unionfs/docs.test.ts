// The example of docs/unionfs.md runs as written.
import { expect, it } from 'vitest'
import { examplesIn, inProject } from '../support/examples.js'

it('the example of docs/unionfs.md edits an image and says what changed', async () => {
  const [code, ...others] = examplesIn('docs/unionfs.md')
  expect(others).toEqual([])
  const out = await inProject(code!)
  expect(out.split('\n')).toEqual([
    'add /doc',
    'add /etc/motd',
    'delete /usr/share/doc',
    'delete /var/cache',
    '0n upper 0',
    expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    '',
  ])
})
