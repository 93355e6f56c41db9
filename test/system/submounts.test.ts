// Mounts of trees in which something is mounted: recursive, read-only to the bottom, and private in both directions. mount_namespaces(7), "SHARED SUBTREES".
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it, type TestContext } from 'vitest'
import { requires } from '../support/requires.js'

type Told = {
  read: string
  write: string
  copy: { seen: string; changes: string[] }
  inward: string
  outward: { made: string; onHost: boolean }
  aliases: string[]
  made: string
}

let home: string | undefined
let told: Told | undefined
afterAll(() => home !== undefined && rmSync(home, { recursive: true, force: true }))

/** What the fixture tells, run once. Making mounts takes root; what is under test is the same for every user. */
function results(ctx: TestContext): Told {
  requires(ctx, 'root')
  home ??= mkdtempSync(join(tmpdir(), 'stratabox-submounts-'))
  const fixture = fileURLToPath(new URL('fixtures/submounts.mjs', import.meta.url))
  const env = { ...process.env, HOME: home, XDG_DATA_HOME: join(home, 'data') }
  told ??= JSON.parse(
    execFileSync('unshare', ['--mount', '--propagation', 'private', '--', process.execPath, fixture], { env, encoding: 'utf8' }),
  ) as Told
  return told
}

describe('a source with something mounted in it', () => {
  it('is shown with it, and read-only means that too', (ctx) => {
    const told = results(ctx)
    expect(told.read).toMatch(/^host/)
    expect(told.read).toContain('Read-only file system')
    expect(told.read).toMatch(/permission denied|must be superuser|not permitted/i)
  })

  it('takes writes in it where the source does', (ctx) => {
    const told = results(ctx)
    expect(told.write).toBe('inside')
    expect(told.made).toBe('inside\n')
  })

  it('is copied with it, and changes() tells of both', (ctx) => {
    const told = results(ctx)
    expect(told.copy.seen).toBe('host/data:\nfile\nlater\nsub\ntop\n\n/data/sub:\nfile\nnew')
    expect(told.copy.changes).toEqual(['delete /sub/made', 'add /sub/new', 'add /top'])
  })

  it('does not show what the host mounts later', (ctx) => {
    const told = results(ctx)
    expect(told.inward).toBe('')
  })

  it('shows the host nothing of what is mounted inside, whatever the sandbox may do', (ctx) => {
    const told = results(ctx)
    expect(told.outward).toEqual({ made: '1', onHost: false })
  })

  it('is refused when a bind mount in it, or it as one, is another name for the store or for /proc', (ctx) => {
    const told = results(ctx)
    expect(told.aliases).toEqual(['ERR_EXPOSED', 'ERR_EXPOSED', 'ERR_EXPOSED', 'ERR_EXPOSED'])
  })
})
