// The example of docs/sandbox-windows.md, run as it stands there.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { it } from 'node:test'
import { promisify } from 'node:util'
import { SUITE } from './support.js'

it('the example of docs/sandbox-windows.md does what it says', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(SUITE, 'example.mjs')])
  const lines = stdout.split(/\r?\n/)
  assert.equal(lines[0], 'degraded')
  assert.equal(lines.includes('add /note.txt'), true, stdout)
  assert.equal(lines.includes('written inside'), true, stdout)
  assert.match(stdout, /\d+ ended/)
})
