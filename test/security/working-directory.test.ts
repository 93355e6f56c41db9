// Names in an archive against the directory the program stands in: CVE-2026-50163.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Store } from 'stratabox'
import { expect, it, onTestFinished } from 'vitest'
import { contentOf } from '../../src/api/store.js'
import { contentIdMode } from '../content/id-mode.js'
import { file, hardlink, imageOfChanges } from '../image/support/make.js'
import { rejection } from '../sandbox/api/support/open.js'

it('CVE-2026-50163, oras-go: a hard link is never looked up from the working directory, not even where only it has the name', async () => {
  const work = mkdtempSync(join(tmpdir(), 'stratabox-here-'))
  const before = process.cwd()
  onTestFinished(() => {
    process.chdir(before)
    rmSync(work, { recursive: true, force: true })
  })
  const victim = join(work, 'victim')
  writeFileSync(victim, 'of the host')
  mkdirSync(join(work, 'tree'))
  process.chdir(work)
  await using store = await Store.open({ path: join(work, 'store') })
  const content = contentOf(store)
  // What the layer has not, the directory has: a link to it, and a write through that link.
  const image = content.image(await content.keep(await imageOfChanges([hardlink('/link', '/victim')], [file('/link', 'written through')])))
  expect(await rejection(store.unpack(image, join(work, 'tree')))).toMatchObject({ code: expect.stringMatching(/^(ERR_FORMAT|ENOENT)$/) })
  expect(await rejection(content.unpacked(image, { idMode: contentIdMode() }))).toMatchObject({ code: expect.any(String) })
  expect(existsSync(join(work, 'tree/link'))).toBe(false)
  expect(readFileSync(victim, 'utf8')).toBe('of the host')
  expect(statSync(victim).nlink).toBe(1)
})
