// fork: the same files, apart from then on; what a fork changed is told from the image on, not from where it was forked.
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Sandbox, type SandboxOptions, Store } from 'stratabox'
import { describe, expect, it, onTestFinished } from 'vitest'
import { hasFullMap, open, output } from './support/open.js'

async function newStore(): Promise<Store> {
  const path = mkdtempSync(join(tmpdir(), 'stratabox-fork-'))
  const store = await Store.open({ path: join(path, 'store') })
  onTestFinished(async () => {
    await store.close()
    rmSync(path, { recursive: true, force: true })
  })
  return store
}

/** A sandbox on an image with a few files in /base. */
async function onImage(options: SandboxOptions = {}): Promise<{ store: Store; sandbox: Sandbox }> {
  const store = await newStore()
  const base = store
    .build('scratch')
    .program('/bin/sh', '/bin/cat', '/bin/ls', '/bin/rm', '/bin/mkdir', '/bin/ln', '/bin/mv', '/bin/chown')
    .write('/base/kept', 'kept\n')
    .write('/base/gone', 'gone\n')
    .write('/base/dir/a', 'a\n')
  return { store, sandbox: await open({ ...options, store, root: await base.commit() }) }
}

async function forked(sandbox: Sandbox): Promise<Sandbox> {
  const [fork] = await sandbox.fork(1)
  onTestFinished(() => fork.close())
  return fork
}

async function changed(sandbox: Sandbox): Promise<string[]> {
  const found: string[] = []
  for await (const change of sandbox.changes()) found.push(`${change.kind} ${change.path}`)
  return found
}

const sandboxes = (store: Store): string[] => readdirSync(join(store.path, 'sandboxes'))

describe('a fork', () => {
  it('has the files of the moment, and both write apart from then on', async () => {
    const { sandbox } = await onImage()
    await sandbox.run('echo one > /new; rm /base/gone', { reject: true })
    const forks = await sandbox.fork(3)
    onTestFinished(() => forks[Symbol.asyncDispose]())
    await sandbox.run('echo parent > /new', { reject: true })
    await Promise.all(forks.map((fork, k) => fork.run(`echo fork ${k} >> /new`, { reject: true })))
    expect(await Promise.all(forks.map((fork) => output(fork, ['cat', '/new'])))).toEqual(['one\nfork 0', 'one\nfork 1', 'one\nfork 2'])
    expect(await output(sandbox, ['cat', '/new'])).toBe('parent')
    expect(await output(forks[0], ['ls', '/base'])).toBe('dir\nkept')
  })

  it('tells of changes from the image on, those before it was forked and those after', async () => {
    const { sandbox } = await onImage()
    await sandbox.run('echo 1 > /first; rm /base/gone; rm -r /base/dir; echo x > /base/kept; mkdir /d; echo 1 > /d/one', { reject: true })
    const fork = await forked(sandbox)
    expect(await changed(fork)).toEqual(await changed(sandbox))
    await fork.run('echo 2 > /second; rm /first; mkdir /base/dir; echo 2 > /d/two; echo back > /base/gone', { reject: true })
    expect(await changed(fork)).toEqual([
      'modify /base',
      'modify /base/dir',
      'modify /base/gone',
      'modify /base/kept',
      'add /d',
      'add /d/one',
      'add /d/two',
      'add /second',
    ])
    const grandchild = await forked(fork)
    await grandchild.run('rm -r /d; rm /base/kept', { reject: true })
    expect(await changed(grandchild)).toEqual(['modify /base', 'modify /base/dir', 'modify /base/gone', 'delete /base/kept', 'add /second'])
  })

  it('commits all of it to one layer on the image, which then looks as the fork does', async () => {
    const { store, sandbox } = await onImage()
    await sandbox.run('echo 1 > /first; rm -r /base/dir; ln /first /linked', { reject: true })
    const fork = await forked(sandbox)
    await fork.run('mkdir /base/dir; echo new > /base/dir/b; rm /base/gone; echo 2 >> /first', { reject: true })
    const image = await fork.commit()
    const look = 'ls / /base /base/dir; cat /first /linked /base/kept /base/dir/b'
    const on = await open({ store, root: image })
    expect(await output(on, look)).toBe(await output(fork, look))
    expect(await output(fork, ['ls', '/base/dir'])).toBe('b')
  })

  it('outlives the one it was made of, and what it stands on goes with the last', async () => {
    const { store, sandbox } = await onImage()
    await sandbox.run('echo kept > /new', { reject: true })
    const [one, two] = await sandbox.fork(2)
    await sandbox.close()
    const [deeper] = await one.fork(1)
    await one.close()
    expect(await output(two, ['cat', '/new'])).toBe('kept')
    await two.close()
    expect(await output(deeper, ['cat', '/new'])).toBe('kept')
    await deeper.close()
    expect(sandboxes(store)).toEqual([])
  })

  it('keeps owners and modes, and leaves nothing on disk, whoever wrote the files', async () => {
    const { store, sandbox } = await onImage()
    await sandbox.run('mkdir /of; echo x > /of/file', { reject: true })
    if (hasFullMap) await sandbox.run('chown -R 1000:1000 /of', { reject: true })
    await sandbox.fs.chmod('/of', 0o700)
    const fork = await forked(sandbox)
    const { uid, mode } = await fork.fs.stat('/of')
    expect([uid, mode & 0o777]).toEqual([hasFullMap ? 1000 : 0, 0o700])
    expect(await fork.fs.readFile('/of/file', 'utf8')).toBe('x\n')
    await Promise.all([fork.close(), sandbox.close()])
    expect(sandboxes(store)).toEqual([])
  })

  it('may be one of a fork of a fork, many deep', async () => {
    const { store, sandbox } = await onImage()
    let last = sandbox
    for (let k = 0; k < 40; k++) {
      await last.run(`echo ${k} >> /log`, { reject: true })
      const [next] = await last.fork(1)
      await last.close()
      last = next
    }
    expect((await output(last, ['cat', '/log'])).split('\n')).toHaveLength(40)
    expect(await changed(last)).toEqual(['add /log'])
    await last.close()
    expect(sandboxes(store)).toEqual([])
    expect(existsSync(store.path)).toBe(true)
  })

  it('is made of a stopped sandbox, and of one whose writes are on disk', async () => {
    const { sandbox } = await onImage({ scratch: 'disk' })
    await sandbox.run('echo x > /new', { reject: true })
    await sandbox.kill()
    expect(await (await forked(sandbox)).fs.readFile('/new', 'utf8')).toBe('x\n')
  })

  it('leaves the paused one paused', async () => {
    const { sandbox } = await onImage()
    await sandbox.spawn('while :; do echo x >> /log; done')
    while (
      await sandbox.fs.stat('/log').then(
        () => false,
        () => true,
      )
    )
      await new Promise((resolve) => setTimeout(resolve, 5))
    await sandbox.pause()
    await forked(sandbox)
    const { size } = await sandbox.fs.stat('/log')
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect((await sandbox.fs.stat('/log')).size).toBe(size)
    await sandbox.resume()
  })
})
