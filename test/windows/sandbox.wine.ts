// Sandboxes on Windows: the same API, walls that are told as they are, a registry of their own.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Hive, LayeredHive } from '../../src/hive/index.js'
import { ClosedError, ExitError, Sandbox, type SandboxOptions, SyscallError, UnsupportedError } from '../../src/index.js'
import { HELPER, helper, isAlive, until, wine } from './support.js'

const options: SandboxOptions = { network: 'host', onUnenforceable: 'degrade' }

async function sandboxed(body: (box: Sandbox) => Promise<void>, more: SandboxOptions = {}): Promise<void> {
  const box = await Sandbox.create({ ...options, ...more })
  try {
    await body(box)
  } finally {
    await box.close()
  }
}

describe('a sandbox on Windows', () => {
  it('runs a command: exit code, stdout, stderr, input', () =>
    sandboxed(async (box) => {
      const both = await box.run([HELPER, 'both'])
      assert.deepEqual([both.ok, both.exitCode, both.stdout, both.stderr], [true, 0, 'out', 'err'])
      assert.equal((await box.run([HELPER, 'echo'], { input: 'in' })).stdout, 'in')
      assert.equal((await box.run([HELPER, 'echo'])).stdout, '')
      assert.equal((await box.run([HELPER, 'exit', '3'])).exitCode, 3)
      assert.equal((await box.run('echo from cmd')).stdout.trim(), 'from cmd')
      await assert.rejects(box.run([HELPER, 'exit', '3'], { reject: true }), ExitError)
      await assert.rejects(box.run(['no-such.exe']), (error) => error instanceof SyscallError && error.code === 'ENOENT')
    }))

  it('runs one command by Sandbox.run', async () => {
    const result = await Sandbox.run([HELPER, 'echo'], { ...options, input: 'once' })
    assert.equal(result.stdout, 'once')
  })

  it('lets nothing of the environment in but what the system needs', async () => {
    process.env['STRATABOX_SECRET'] = 'secret'
    await sandboxed(
      async (box) => {
        const { stdout } = await box.run([HELPER, 'env'], { env: { CALL: '2' } })
        const names = stdout.split(/\r?\n/).map((line) => line.split('=')[0])
        assert.equal(names.includes('STRATABOX_SECRET'), false)
        for (const name of ['SystemRoot', 'PATH', 'BOX', 'CALL']) assert.equal(names.includes(name), true, name)
      },
      { env: { BOX: '1' } },
    )
  })

  it('ends a command by its time, by abort and by kill, descendants too', () =>
    sandboxed(async (box) => {
      const late = await box.run([HELPER, 'sleep', '60000'], { timeoutMs: 300 })
      assert.deepEqual([late.timedOut, late.signal], [true, 'SIGKILL'])
      const abort = new AbortController()
      const aborted = box.run([HELPER, 'sleep', '60000'], { signal: abort.signal })
      setTimeout(() => abort.abort(new Error('no longer')), 200)
      await assert.rejects(aborted, /no longer/)
      const tree = await box.spawn([HELPER, 'tree'])
      const [, grandchild] = (await tree.waitForLine(/^\d+ \d+/)).split(' ').map(Number) as [number, number]
      await box.kill()
      await tree.wait()
      await until(() => !isAlive(grandchild), 'the grandchild has ended')
      assert.equal((await box.run([HELPER, 'exit', '0'])).ok, true)
    }))

  it('leaves no process behind when it is closed', async () => {
    const box = await Sandbox.create(options)
    const tree = await box.spawn([HELPER, 'tree'])
    const pids = (await tree.waitForLine(/^\d+ \d+/)).split(' ').map(Number)
    assert.equal((await box.stats()).pids >= 2, true)
    await box.close()
    await until(() => pids.every((pid) => !isAlive(pid)), 'all have ended')
    await assert.rejects(box.run([HELPER, 'exit', '0']), ClosedError)
  })

  it('stops and goes on', () =>
    sandboxed(async (box) => {
      const child = await box.spawn([HELPER, 'sleep', '300'])
      await box.pause()
      const first = await Promise.race([child.wait(), new Promise((resolve) => setTimeout(() => resolve('frozen'), 1500))])
      assert.equal(first, 'frozen')
      await box.resume()
      assert.equal((await child.wait()).exitCode, 0)
    }))

  it('has a window station and a desktop of its own', () =>
    sandboxed(async (box) => {
      const { stdout } = await box.run([HELPER, 'desktop'])
      assert.match(stdout.trim(), /^stratabox-[0-9a-f]{16}\\desktop$/)
      assert.notEqual(helper('desktop').trim(), stdout.trim())
      assert.equal(box.isolation['desktop']?.status, 'enforced')
    }))

  it('tells a program where its own directory of named objects is', () =>
    sandboxed(async (box) => {
      const { stdout } = await box.run([HELPER, 'env'])
      assert.match(stdout, /STRATABOX_OBJECTS=\\BaseNamedObjects\\stratabox-[0-9a-f]{16}/)
      assert.equal(box.isolation['objects']?.status, 'degraded')
    }))

  it('is refused where its walls cannot be had, and says which and what to do', async () => {
    const refused = (error: unknown) => error instanceof UnsupportedError && /onUnenforceable/.test(error.remedy ?? '')
    await assert.rejects(Sandbox.create({ ...options, onUnenforceable: 'refuse', limits: { diskMaxBytes: 2 ** 20 } }), refused)
    await assert.rejects(Sandbox.create({ ...options, isolation: 'namespaces' }), UnsupportedError)
    await assert.rejects(Sandbox.create({ ...options, root: './here' }), SyscallError)
    await sandboxed(async (box) => {
      await assert.rejects(box.run([HELPER, 'exit', '0'], { user: 'nobody' }), UnsupportedError)
      await assert.rejects(box.spawn([HELPER, 'exit', '0'], { pty: true }), UnsupportedError)
    })
  })

  it('needs no options: under Wine, where nothing is a wall, it says so', async () => {
    const box = await Sandbox.create()
    assert.equal((await box.run('echo by default')).stdout.trim(), 'by default')
    if (wine !== undefined) {
      assert.equal(box.isolation['net']?.status, 'degraded')
      assert.match(box.isolation['rootfs']?.why ?? '', /nothing keeps programs from writing elsewhere: Wine/)
      // What was asked for is another matter.
      await assert.rejects(Sandbox.create({ network: 'none' }), /net cannot be enforced here/)
    }
    await box.close()
  })

  it('never claims what Wine only takes', { skip: wine === undefined && 'this is Windows itself' }, async () => {
    await sandboxed(
      async (box) => {
        const status = Object.fromEntries(Object.entries(box.isolation).map(([name, { status: value }]) => [name, value]))
        assert.deepEqual(status, {
          ...status,
          job: 'enforced',
          desktop: 'enforced',
          token: 'degraded',
          integrity: 'degraded',
          rootfs: 'degraded',
          memoryMaxBytes: 'degraded',
          pidsMax: 'degraded',
          lifetimeMaxMs: 'enforced',
          net: 'off',
        })
        assert.match(box.isolation['memoryMaxBytes']?.why ?? '', /Wine/)
      },
      { limits: { memoryMaxBytes: 2 ** 28, pidsMax: 10, lifetimeMaxMs: 60_000 } },
    )
    await assert.rejects(Sandbox.create({ network: 'host', limits: { pidsMax: 4 } }), UnsupportedError)
    const probed = await Sandbox.probe()
    assert.equal(probed['net']?.status, 'refused')
    assert.equal(probed['container']?.status, 'refused')
  })
})

describe('the registry of a sandbox', () => {
  const view = () => {
    const base = Hive.create()
    base.createKey('Vendor\\App').setValue('Path', { type: 'REG_SZ', data: 'C:\\Base' })
    base.createKey('Vendor\\Old').setValue('x', { type: 'REG_SZ', data: '1' })
    return new LayeredHive(base)
  }

  it('is the view for the key that was named, and the real one beside it', () =>
    sandboxed(
      async (box) => {
        const read = async (path: string, name: string) => (await box.run([HELPER, 'reg-read', path, name])).stdout.trim()
        assert.equal(await read('HKLM\\SOFTWARE\\Vendor\\App', 'Path'), 'C:\\Base')
        assert.equal(helper('reg-read', 'HKLM\\SOFTWARE\\Vendor\\App', 'Path').trim(), 'error 2')
        const real = ['HKLM\\SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Environment', 'OS'] as const
        assert.equal(await read(...real), helper('reg-read', ...real).trim())
        assert.equal(await read('HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion', 'CurrentVersion'), 'error 2')
        assert.equal(box.isolation['registry']?.status, 'degraded')
      },
      { registry: { 'HKLM\\SOFTWARE': view() } },
    ))

  it('takes writes and deletions into the top delta, and nothing reaches the host', async () => {
    const software = view()
    await sandboxed(
      async (box) => {
        const run = async (...args: string[]) => (await box.run([HELPER, ...args])).stdout.trim()
        assert.equal(await run('reg-write', 'HKLM\\SOFTWARE\\Vendor\\App', 'Path', 'C:\\Changed'), '0')
        assert.equal(await run('reg-write', 'HKLM\\SOFTWARE\\New\\Key', 'v', 'new'), '0')
        assert.equal(await run('reg-delete', 'HKLM\\SOFTWARE\\Vendor\\Old'), '0')
        assert.equal(await run('reg-read', 'HKLM\\SOFTWARE\\New\\Key', 'v'), 'new')
      },
      { registry: { 'HKLM\\SOFTWARE': software } },
    )
    const value = software.key('Vendor\\App')?.value('Path')
    assert.equal(value?.data, 'C:\\Changed')
    assert.equal(software.key('New\\Key')?.value('v')?.data, 'new')
    assert.equal(software.key('Vendor\\Old'), undefined)
    assert.equal(software.top.key('Vendor\\Old')?.layer, 'tombstone')
    assert.equal(software.layers[0]?.key('Vendor\\App')?.value('Path')?.data, 'C:\\Base')
    assert.equal(helper('reg-read', 'HKLM\\SOFTWARE\\New\\Key', 'v').trim(), 'error 2')
  })

  it('can be a key below, with its siblings as they are', () =>
    sandboxed(
      async (box) => {
        const read = async (path: string, name: string) => (await box.run([HELPER, 'reg-read', path, name])).stdout.trim()
        assert.equal(await read('HKLM\\SOFTWARE\\Only\\Here\\Vendor\\App', 'Path'), 'C:\\Base')
        const real = ['HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion', 'CurrentVersion'] as const
        assert.equal(await read(...real), helper('reg-read', ...real).trim())
        assert.equal(await read('HKCU\\Mine\\Vendor\\App', 'Path'), 'C:\\Base')
      },
      { registry: { 'HKLM\\SOFTWARE\\Only\\Here': view(), 'HKEY_CURRENT_USER\\Mine': view() } },
    ))

  it('is refused for keys that cannot be views', async () => {
    await assert.rejects(Sandbox.create({ ...options, registry: { 'HKU\\X': view() } }), UnsupportedError)
    await assert.rejects(Sandbox.create({ ...options, registry: { HKLM: view() } }), TypeError)
    await assert.rejects(Sandbox.create({ ...options, registry: { 'HKLM\\A': {} as never } }), TypeError)
  })
})
