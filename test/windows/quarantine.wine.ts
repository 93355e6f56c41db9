// A sandbox's files on Windows: what is written stays in its own directory, and can be looked at, committed and forked.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { type Change, type Image, Sandbox, type SandboxOptions, Store, UnsupportedError } from '../../src/index.js'
import { HELPER, isAlive, SUITE, until } from './support.js'

const home = mkdtempSync(join(tmpdir(), 'quarantine-'))
const store = await Store.open({ path: join(home, 'store') })
const options: SandboxOptions = { store, network: 'host' }
after(async () => {
  await store.close()
  assert.deepEqual(readdirSync(join(home, 'store', 'sandboxes')), [])
  rmSync(home, { recursive: true, force: true })
})

async function sandboxed(more: SandboxOptions, body: (box: Sandbox) => Promise<void>): Promise<void> {
  const box = await Sandbox.create({ ...options, ...more })
  try {
    await body(box)
  } finally {
    await box.close()
  }
}

async function changesOf(box: Sandbox, mount?: string): Promise<string[]> {
  const found: Change[] = []
  for await (const change of box.changes(mount === undefined ? {} : { mount })) found.push(change)
  return found.map(({ kind, path }) => `${kind} ${path}`)
}

const image = (): Promise<Image> =>
  store.build('scratch').write('/app/kept.txt', 'kept').write('/app/old.txt', 'old').write('/app/gone/x', 'x').commit({ tag: 'base:1' })

describe('the files of a sandbox on Windows', () => {
  it('are a directory of its own, where commands start and where they are told to write', () =>
    sandboxed({}, async (box) => {
      assert.equal((await box.run('echo hi> out.txt')).exitCode, 0)
      assert.equal((await box.fs.readFile('/out.txt', 'utf8')).trim(), 'hi')
      const cwd = (await box.run('cd')).stdout.trim()
      assert.equal((await box.run('echo %STRATABOX_ROOT%')).stdout.trim(), cwd)
      for (const name of ['TEMP', 'TMP', 'USERPROFILE', 'APPDATA', 'LOCALAPPDATA']) {
        const value = (await box.run(`echo %${name}%`)).stdout.trim()
        assert.equal(value.startsWith(cwd.slice(0, cwd.lastIndexOf('\\'))), true, `${name}=${value}`)
        assert.equal((await box.run(`echo x> "%${name}%\\mine"`)).exitCode, 0)
      }
      assert.deepEqual(await changesOf(box), ['add /out.txt'])
      assert.equal(box.isolation['rootfs']?.status, 'degraded')
      assert.match(box.isolation['rootfs']?.how ?? '', /quarantine/)
    }))

  it('are an image, whose paths commands know by its own names', async () => {
    await image()
    await sandboxed({ root: 'base:1' }, async (box) => {
      assert.equal((await box.run('type app\\kept.txt')).stdout, 'kept')
      assert.equal((await box.run('type kept.txt', { cwd: 'C:\\app' })).stdout, 'kept')
      assert.equal((await box.run('type kept.txt', { cwd: '/app' })).stdout, 'kept')
      await box.fs.copyIn(HELPER, '/app/tool.exe')
      assert.equal((await box.run(['C:\\app\\tool.exe', 'exit', '7'])).exitCode, 7)
      assert.equal((await box.run(['/app/tool', 'exit', '8'])).exitCode, 8)
      assert.equal((await box.run(['tool', 'exit', '9'], { env: { PATH: 'C:\\app' } })).exitCode, 9)
      await assert.rejects(box.run(['tool', 'exit', '9']), { code: 'ENOENT' })
    })
  })

  it('tell what was added, changed and removed, and nothing else', async () => {
    await image()
    await sandboxed({ root: 'base:1' }, async (box) => {
      assert.deepEqual(await changesOf(box), [])
      assert.equal((await box.run('echo new> app\\old.txt&& mkdir app\\d\\e&& echo y> app\\d\\e\\f&& rmdir /s /q app\\gone')).exitCode, 0)
      assert.deepEqual(await changesOf(box), ['add /app/d', 'add /app/d/e', 'add /app/d/e/f', 'delete /app/gone', 'modify /app/old.txt'])
      await box.fs.rm('/app/d', { recursive: true })
      await box.fs.writeFile('/app/gone', 'a file instead')
      assert.deepEqual(await changesOf(box), ['modify /app/gone', 'modify /app/old.txt'])
    })
  })

  it('find a write that left the size and the time of the file as they were', async () => {
    await image()
    await sandboxed({ root: 'base:1' }, async (box) => {
      const { atime, mtime } = await box.fs.stat('/app/old.txt')
      await box.fs.writeFile('/app/old.txt', 'OLD')
      await box.fs.utimes('/app/old.txt', atime, mtime)
      assert.equal((await box.fs.stat('/app/old.txt')).mtimeMs, mtime.getTime())
      assert.deepEqual(await changesOf(box), ['modify /app/old.txt'])
    })
  })

  it('become a layer on the image, which another sandbox and the store read back', async () => {
    await image()
    const committed = await Sandbox.create({ ...options, root: 'base:1' })
    await committed.run('echo new> app\\old.txt&& rmdir /s /q app\\gone&& mkdir x&& echo z> x\\y')
    const next = await committed.commit({ tag: 'base:2', message: 'by hand' })
    await committed.close()
    assert.equal((await next.layers()).length, (await (await store.get('base:1'))!.layers()).length + 1)
    await sandboxed({ root: 'base:2' }, async (box) => {
      assert.equal((await box.fs.readFile('/app/old.txt', 'utf8')).trim(), 'new')
      assert.equal((await box.fs.readFile('/app/kept.txt', 'utf8')).trim(), 'kept')
      await assert.rejects(box.fs.stat('/app/gone'), { code: 'ENOENT' })
      assert.deepEqual(await changesOf(box), [])
    })
    await store.unpack('base:2', join(home, 'unpacked'))
    assert.deepEqual(readdirSync(join(home, 'unpacked', 'Files')).sort(), ['app', 'x'])
  })

  it('are committed without an image as a layer on the host', async () => {
    const box = await Sandbox.create(options)
    await box.run('echo hi> a.txt')
    const layer = await box.commit({ tag: 'mine:1' })
    await box.close()
    assert.equal((await layer.manifest()).annotations?.['dev.stratabox.base'], 'host')
    await sandboxed({ root: 'mine:1' }, async (again) => assert.equal((await again.run('type a.txt')).stdout.trim(), 'hi'))
  })

  it('are shared by forks until somebody writes', async () => {
    await image()
    const box = await Sandbox.create({ ...options, root: 'base:1' })
    await box.run('echo first> both.txt&& del app\\old.txt')
    const [a, b] = await box.fork(2)
    await box.close()
    await a.run('echo only a> a.txt')
    assert.deepEqual(await changesOf(a), ['add /a.txt', 'delete /app/old.txt', 'add /both.txt'])
    assert.deepEqual(await changesOf(b), ['delete /app/old.txt', 'add /both.txt'])
    const [c] = await a.fork(1)
    await a.close()
    assert.deepEqual(await changesOf(c), ['add /a.txt', 'delete /app/old.txt', 'add /both.txt'])
    await c.close()
    await b.close()
  })

  it('are a directory of the host, which stays as it is', async () => {
    const directory = join(home, 'source')
    mkdirSync(join(directory, 'sub'), { recursive: true })
    writeFileSync(join(directory, 'sub', 'file'), 'original')
    await sandboxed({ root: directory }, async (box) => {
      await box.run('echo changed> sub\\file&& echo more> sub\\more')
      assert.deepEqual(await changesOf(box), ['modify /sub/file', 'add /sub/more'])
    })
    assert.equal(readFileSync(join(directory, 'sub', 'file'), 'utf8'), 'original')
    assert.deepEqual(readdirSync(join(directory, 'sub')), ['file'])
    await assert.rejects(Sandbox.create({ ...options, root: home }), { code: 'ERR_EXPOSED' })
  })
})

describe('mounts on Windows', () => {
  it('are copies: what is written stays inside, and is told apart from the rest', async () => {
    const source = join(home, 'mounted')
    mkdirSync(source, { recursive: true })
    writeFileSync(join(source, 'file'), 'original')
    const mounts = {
      '/data': { source, access: 'copy' },
      '/lib/ro': { source },
      '/one': { source: join(source, 'file') },
      '/t': { tmpfs: true },
    } as const
    const box = await Sandbox.create({ ...options, mounts })
    assert.equal((await box.run('type data\\file&& type lib\\ro\\file&& type one')).stdout, 'originaloriginaloriginal')
    await box.run('echo x> data\\file&& echo y> data\\new&& echo z> t\\temporary&& echo w> top')
    assert.equal(readFileSync(join(source, 'file'), 'utf8'), 'original')
    assert.deepEqual(await changesOf(box), ['add /top'])
    assert.deepEqual(await changesOf(box, '/data'), ['modify /file', 'add /new'])
    await assert.rejects(changesOf(box, '/lib/ro'), TypeError)
    const [fork] = await box.fork(1)
    await box.close()
    assert.deepEqual(await changesOf(fork, '/data'), ['modify /file', 'add /new'])
    assert.deepEqual(await fork.fs.readdir('/t'), [])
    await fork.close()
  })

  it('that would share or hide something are refused, with the reason', async () => {
    const refused = (mount: object, why: RegExp) =>
      assert.rejects(
        Sandbox.create({ ...options, mounts: { '/x': mount as never } }),
        (error) => error instanceof UnsupportedError && why.test(error.message),
      )
    await refused({ source: home, access: 'write' }, /BindFlt/)
    await refused({ cache: 'npm' }, /BindFlt/)
    await refused({ secret: 's' }, /disk/)
    await refused({ tmpfs: true, sizeMaxBytes: 2 ** 20 }, /sizeMaxBytes/)
    await refused({ source: home }, /shows the store/)
    await assert.rejects(Sandbox.create({ ...options, mounts: { '/a:b': { source: 'C:\\windows' } } }), { code: 'EINVAL' })
  })
})

describe('what a sandbox leaves on Windows', () => {
  it('is nothing: its directory is gone when it is closed, whatever is in it', async () => {
    const box = await Sandbox.create(options)
    const place = readdirSync(join(home, 'store', 'sandboxes'))
    assert.equal(place.length, 1)
    await box.run('mkdir a\\b\\c&& echo x> a\\b\\c\\d&& attrib +r a\\b\\c\\d')
    const open = await box.fs.open('/a/b/c/d', 'r')
    assert.equal((await open.readFile('utf8')).trim(), 'x')
    await box.close()
    assert.deepEqual(readdirSync(join(home, 'store', 'sandboxes')), [])
    await assert.rejects(box.fs.readFile('/a'), { code: 'ERR_CLOSED' })
  })

  it('is swept when its process was killed: processes at once, files by the next who opens the store', async () => {
    const path = join(home, 'killed')
    const host = spawn(process.execPath, [join(SUITE, 'host.mjs'), path, HELPER], { stdio: ['ignore', 'pipe', 'inherit'] })
    const pids = await new Promise<number[]>((resolve) =>
      host.stdout.once('data', (text) => resolve(String(text).trim().split(' ').map(Number))),
    )
    assert.equal(readdirSync(join(path, 'sandboxes')).length, 1)
    host.kill('SIGKILL')
    await until(() => pids.every((pid) => !isAlive(pid)), 'the processes have ended with their host')
    const next = await Store.open({ path })
    assert.deepEqual(readdirSync(join(path, 'sandboxes')), [])
    await next.close()
    assert.equal(existsSync(join(path, 'leases')), true)
  })
})
