// Where writes go: memory, or the store's disk.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Sandbox, Store } from 'stratabox'
import { describe, expect, it, onTestFinished } from 'vitest'
import { open, output } from './support/open.js'

const REPLACE =
  'rm -r /etc/alternatives && mkdir /etc/alternatives && echo x > /etc/alternatives/x && rm -r /etc/ld.so.conf.d && ls /etc/alternatives'
const report = await Sandbox.probe()

describe('a directory of the layers below', () => {
  it.each(['memory', 'disk'] as const)('can be taken away with scratch %j, or the report says that it cannot', async (scratch) => {
    const path = mkdtempSync(join(tmpdir(), 'stratabox-store-'))
    const store = await Store.open({ path })
    onTestFinished(async () => {
      await store.close()
      rmSync(path, { recursive: true })
    })
    const sandbox = await open({ store, scratch })
    expect(sandbox.isolation['scratch']?.status).toBe(scratch === 'disk' ? 'enforced' : report['scratch']?.status)
    const { stdout, stderr } = await sandbox.run(REPLACE)
    // Before Linux 6.6 a tmpfs has no user attributes, and so an overlay on it no way to say that a directory is new.
    if (sandbox.isolation['scratch']?.status === 'degraded') expect(stderr).toContain('Input/output error')
    else expect(stdout).toBe('x\n')
  })
})

describe("scratch: 'disk'", () => {
  it('works as in memory does, and its directory is gone after close', async () => {
    const path = mkdtempSync(join(tmpdir(), 'stratabox-store-'))
    const store = await Store.open({ path })
    onTestFinished(async () => {
      await store.close()
      rmSync(path, { recursive: true })
    })
    const sandbox = await Sandbox.create({ store, scratch: 'disk' })
    expect(readdirSync(join(path, 'sandboxes'))).toHaveLength(1)
    expect(
      await output(
        sandbox,
        'echo x > /etc/x; rm /etc/motd /etc/passwd; mkdir -m 0 /deep; mkdir /a; ls /etc/x; head -c 3000000 /dev/zero > /tmp/y; stat -c %s /tmp/y',
      ),
    ).toBe('/etc/x\n3000000')
    const changes: string[] = []
    for await (const { kind, path: changed } of sandbox.changes()) changes.push(`${kind} ${changed}`)
    expect(changes).toEqual(expect.arrayContaining(['add /a', 'add /deep', 'delete /etc/passwd', 'add /etc/x']))
    await sandbox.close()
    expect(readdirSync(join(path, 'sandboxes'))).toEqual([])
  })

  it('leaves no directory when the sandbox could not be created', async () => {
    const path = mkdtempSync(join(tmpdir(), 'stratabox-store-'))
    const store = await Store.open({ path })
    onTestFinished(async () => {
      await store.close()
      rmSync(path, { recursive: true })
    })
    const impossible = { '/etc/passwd/below': { tmpfs: true } } as const
    await expect(Sandbox.create({ store, scratch: 'disk', mounts: impossible })).rejects.toMatchObject({ code: 'ENOTDIR' })
    expect(readdirSync(join(path, 'sandboxes'))).toEqual([])
  })
})

describe("scratch: 'memory'", () => {
  it('writes nothing to the store', async () => {
    const path = mkdtempSync(join(tmpdir(), 'stratabox-store-'))
    const store = await Store.open({ path })
    onTestFinished(async () => {
      await store.close()
      rmSync(path, { recursive: true })
    })
    const sandbox = await Sandbox.create({ store })
    await sandbox.run('echo x > /etc/x; echo y > /tmp/y', { reject: true })
    expect(readdirSync(join(path, 'sandboxes'))).toEqual([])
    await sandbox.close()
  })
})
