// diskMaxBytes where scratch is on disk: watched while something runs, and past it everything ends.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Sandbox, type SandboxOptions, Store } from 'stratabox'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../support/descendants.js'
import { open, output } from './support/open.js'

const MIB = 2 ** 20

let path: string
let store: Store
beforeAll(async () => {
  path = mkdtempSync(join(tmpdir(), 'stratabox-store-'))
  store = await Store.open({ path })
})
afterAll(async () => {
  await store.close()
  rmSync(path, { recursive: true })
})

async function openOnDisk(options: SandboxOptions): Promise<{ sandbox: Sandbox; told: object[] }> {
  const sandbox = await open({ ...options, store, scratch: 'disk' })
  const told: object[] = []
  sandbox.on('limit', (event) => told.push(event))
  return { sandbox, told }
}

// Many files: each of them is smaller than the limit.
const fill = (folder: string) => `mkdir -p ${folder}; i=0; while :; do i=$((i+1)); head -c 4194304 /dev/zero > ${folder}/$i; done`

describe("diskMaxBytes with scratch: 'disk'", () => {
  it('is degraded in the report, with how, why and the remedy', async () => {
    const { sandbox } = await openOnDisk({ limits: { diskMaxBytes: 8 * MIB } })
    expect(sandbox.isolation['diskMaxBytes']).toMatchObject({
      status: 'degraded',
      how: expect.stringContaining('watched'),
      why: expect.any(String),
      remedy: expect.stringContaining("scratch: 'memory'"),
    })
  })

  it.each(['/etc/filled', '/tmp/filled', '/dev/shm/filled'])(
    'ends a disk filler in %s, tells of it, and the files stay',
    async (folder) => {
      const { sandbox, told } = await openOnDisk({ limits: { diskMaxBytes: 24 * MIB } })
      const result = await sandbox.run(fill(folder), { timeoutMs: 120_000 })
      expect(result).toMatchObject({ ok: false, signal: 'SIGKILL', timedOut: false })
      expect(told[0]).toMatchObject({ limit: 'diskMaxBytes', max: 24 * MIB })
      expect((told[0] as { value: number }).value).toBeGreaterThan(24 * MIB)
      await sandbox.fs.rm(folder, { recursive: true })
      expect(await output(sandbox, ['echo', 'alive'])).toBe('alive')
    },
  )

  it('counts what lies in directories that nobody may enter', async () => {
    const { sandbox } = await openOnDisk({ limits: { diskMaxBytes: 16 * MIB } })
    const hidden = 'mkdir -m 0700 /secret; cd /secret; chmod 0 .; i=0; while :; do i=$((i+1)); head -c 1048576 /dev/zero > $i; done'
    expect(await sandbox.run(hidden, { timeoutMs: 120_000 })).toMatchObject({ signal: 'SIGKILL', timedOut: false })
  })

  it('lets no single file be larger, at once', async () => {
    const { sandbox, told } = await openOnDisk({ limits: { diskMaxBytes: MIB } })
    // The file's own bound, or the look at the tree, whichever comes first.
    expect((await sandbox.run('exec head -c 100000000 /dev/zero > /big')).signal).toMatch(/^SIG(XFSZ|KILL)$/)
    expect(told[0]).toMatchObject({ limit: 'diskMaxBytes', max: MIB })
    expect((await sandbox.fs.stat('/big')).size).toBeLessThanOrEqual(MIB)
  })

  it('leaves what stays below alone', async () => {
    const { sandbox, told } = await openOnDisk({ limits: { diskMaxBytes: 32 * MIB } })
    expect((await sandbox.run('for i in 1 2 3 4 5 6 7 8; do head -c 1048576 /dev/zero > /etc/$i; sleep 0.1; done')).ok).toBe(true)
    expect(await eventually(async () => told.length > 0, 300)).toBe(false)
    expect((await sandbox.run(['true'])).ok).toBe(true)
  })

  it('finds a background process that fills the disk after its command has ended', async () => {
    const { sandbox, told } = await openOnDisk({ limits: { diskMaxBytes: 16 * MIB } })
    await sandbox.run(`(${fill('/tmp/later')}) >/dev/null 2>&1 &`)
    expect(await eventually(async () => told.length > 0, 120_000)).toBe(true)
  })
})
