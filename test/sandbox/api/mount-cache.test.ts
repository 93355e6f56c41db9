// Cache mounts: a directory of the store, shared by name; and mounts of build steps.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Store } from 'stratabox'
import { describe, expect, it, onTestFinished } from 'vitest'
import { open, output, rejection } from './support/open.js'

async function newStore(): Promise<Store> {
  const path = mkdtempSync(join(tmpdir(), 'stratabox-cache-'))
  const store = await Store.open({ path: join(path, 'store') })
  onTestFinished(async () => {
    await store.close()
    // What other ids of the sandbox wrote only root inside may remove: there is none of it in these tests.
    rmSync(path, { recursive: true, force: true })
  })
  return store
}

describe('a cache', () => {
  it('keeps what is written for every later sandbox of the same store, and for no other store', async () => {
    const [store, other] = [await newStore(), await newStore()]
    const mounts = { '/var/cache/app': { cache: 'app' } }
    const first = await open({ store, mounts })
    await first.run('echo kept > /var/cache/app/file', { reject: true })
    await first.close()
    expect(await output(await open({ store, mounts }), ['cat', '/var/cache/app/file'])).toBe('kept')
    expect(await output(await open({ store, mounts: { '/c': { cache: 'app.2' } } }), ['ls', '/c'])).toBe('')
    expect(await output(await open({ store: other, mounts }), ['ls', '/var/cache/app'])).toBe('')
  })

  it('is shared by sandboxes that run at the same time', async () => {
    const store = await newStore()
    const boxes = await Promise.all([1, 2, 3, 4].map((k) => open({ store, mounts: { [`/c${k}`]: { cache: 'shared' } } })))
    await Promise.all(boxes.map((box, k) => box.run(`echo ${k} > /c${k + 1}/${k}`, { reject: true })))
    expect(await output(boxes[0]!, 'cat /c1/*')).toBe('0\n1\n2\n3')
  })

  it('is empty at first, writable for all, and in no change or commit', async () => {
    const store = await newStore()
    const box = await open({ store, mounts: { '/c': { cache: 'a' } } })
    expect(await output(box, 'ls -A /c; stat -c %a /c')).toBe('1777')
    await box.run('echo x > /c/x', { reject: true, user: '1000:1000' })
    for await (const change of box.changes()) expect(change.path).not.toMatch(/^\/c\//)
    await box.run('rm /c/x', { reject: true })
  })

  it('is outlived by the collector of unused images', async () => {
    const store = await newStore()
    const box = await open({ store, mounts: { '/c': { cache: 'a' } } })
    await box.run('echo x > /c/x', { reject: true })
    await store.gc()
    expect(await output(box, ['cat', '/c/x'])).toBe('x')
    expect(readdirSync(join(store.path, 'cache'))).toContain('mounts')
  })

  it('must have a plain name', async () => {
    for (const cache of ['', '.', '..', '../x', 'a/b', '.hidden', '-x', 'a\0', 'ä', 'x'.repeat(129), 7 as unknown as string])
      expect(await rejection(open({ mounts: { '/c': { cache } } }))).toBeInstanceOf(TypeError)
    expect(await rejection(open({ mounts: { '/c': { cache: 'a', tmpfs: true } as never } }))).toBeInstanceOf(TypeError)
    const store = await newStore()
    await open({ store, mounts: { '/c': { cache: 'x'.repeat(128) }, '/d': { cache: 'A.b_c-1' } } })
  })
})

describe('a build step', () => {
  it('uses the same caches, and its layer has nothing of them', async () => {
    const store = await newStore()
    const mounts = { '/cache': { cache: 'npm' }, '/run/secrets/token': { secret: 's3cret' }, '/scratch': { tmpfs: true } } as const
    const build = (text: string) =>
      store
        .build('host')
        .run(`echo ${text} >> /cache/log; cp /cache/log /etc/result; cat /run/secrets/token > /dev/null; touch /scratch/x`, {
          mounts,
        })
    const image = await build('one').commit()
    const again = await build('two').commit()
    const paths: string[] = []
    for (const layer of await image.layers()) for await (const entry of layer.entries()) paths.push(entry.path)
    expect(paths).toContain('/etc/result')
    expect(paths.filter((path) => /cache\/|secrets\/|scratch\//.test(path))).toEqual([])
    expect(await output(await open({ store, root: again }), ['cat', '/etc/result'])).toBe('one\ntwo')
  })

  it('keeps a secret off the disk: its scratch directory is on one', async () => {
    const store = await newStore()
    const mounts = { '/token': { secret: 'x'.repeat(5000) }, '/other': { secret: Uint8Array.of(1) } }
    const image = await store.build('host').run('stat -f -c %T /token /other / > /etc/types', { mounts }).commit()
    const types = await output(await open({ store, root: image }), ['cat', '/etc/types'])
    expect(types.split('\n').slice(0, 2)).toEqual(['tmpfs', 'tmpfs'])
  })
})
