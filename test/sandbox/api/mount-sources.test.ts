// What a mount must not show: the store, the runtime directory, the host's /proc, by whatever name.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Store } from 'stratabox'
import { describe, expect, it, onTestFinished } from 'vitest'
import { staticProgram } from '../../support/static-program.js'
import { isRoot, open, output, rejection } from './support/open.js'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'stratabox-sources-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

async function storeIn(parent: string): Promise<Store> {
  const store = await Store.open({ path: join(parent, 'home', 'store') })
  onTestFinished(() => store.close())
  return store
}

const EXPOSED = { name: 'UnsupportedError', code: 'ERR_EXPOSED', remedy: expect.any(String) }

describe('a source', () => {
  it("that is the host's /proc, in it or above it is refused", async () => {
    for (const source of ['/proc', '/proc/self', '/proc/sys/kernel', '/'])
      for (const access of ['read', 'copy', 'write'] as const)
        expect(await rejection(open({ mounts: { '/data': { source, access } } }))).toMatchObject(EXPOSED)
  })

  it('that is the store, in it or above it is refused, and what lies beside it is not', async () => {
    const parent = folder()
    const store = await storeIn(parent)
    mkdirSync(join(parent, 'beside'))
    for (const source of [parent, join(parent, 'home'), store.path, join(store.path, 'blobs'), join(store.path, 'index.json')]) {
      const error = await rejection(open({ store, mounts: { '/data': { source } } }))
      expect(error).toMatchObject(EXPOSED)
      expect(error.message).toContain('the store')
    }
    const sandbox = await open({ store, mounts: { '/data': { source: join(parent, 'beside') } } })
    expect(await output(sandbox, ['ls', '/data'])).toBe('')
  })

  it('is known for what it is through links, at its end and on the way', async () => {
    const parent = folder()
    const store = await storeIn(parent)
    const links = folder()
    symlinkSync(parent, join(links, 'parent'))
    symlinkSync(store.path, join(links, 'store'))
    symlinkSync('/proc', join(links, 'proc'))
    for (const name of ['parent', 'parent/home', 'store', 'store/layers', 'proc', 'proc/self'])
      expect(await rejection(open({ store, mounts: { '/data': { source: join(links, name) } } }))).toMatchObject(EXPOSED)
    // The links themselves lead nowhere inside.
    const sandbox = await open({ store, mounts: { '/data': { source: links } } })
    expect((await sandbox.run(['ls', '/data/store/'])).ok).toBe(false)
  })

  it("that shows stratabox's runtime directory is refused", async () => {
    const runtime = isRoot ? '/run/stratabox' : join(process.env['XDG_RUNTIME_DIR'] ?? '/nowhere', 'stratabox')
    await open()
    if (!existsSync(runtime)) return
    for (const source of [runtime, join(runtime, '..')])
      expect(await rejection(open({ mounts: { '/data': { source } } }))).toMatchObject(EXPOSED)
  })

  it('swapped for a link to the store while it is looked at never shows it', async () => {
    const parent = folder()
    const store = await storeIn(parent)
    const place = folder()
    mkdirSync(join(place, 'd'))
    writeFileSync(join(place, 'd', 'mine'), '')
    symlinkSync(store.path, join(place, 'l'))
    const swapping = swap(join(place, 'd'), join(place, 'l'))
    const seen = new Set<string>()
    for (let k = 0; k < 60; k++) {
      try {
        const sandbox = await open({ store, mounts: { '/data': { source: join(place, 'd') } } })
        seen.add(await output(sandbox, ['ls', '/data']))
        await sandbox.close()
      } catch (error) {
        seen.add((error as { code: string }).code)
      }
    }
    swapping.kill('SIGKILL')
    expect([...seen].filter((what) => !['mine', 'ERR_EXPOSED', 'ELOOP', 'ENOTDIR', 'ENOENT'].includes(what))).toEqual([])
    expect(seen).toContain('ERR_EXPOSED')
  })

  it('may be anything else, and be swapped by its owner later: what was opened stays', async () => {
    const place = folder()
    mkdirSync(join(place, 'd'))
    writeFileSync(join(place, 'd', 'mine'), '')
    const sandbox = await open({ mounts: { '/data': { source: join(place, 'd') } } })
    renameSync(join(place, 'd'), join(place, 'e'))
    symlinkSync('/etc', join(place, 'd'))
    expect(await output(sandbox, ['ls', '/data'])).toBe('mine')
  })
})

describe('a directory as root', () => {
  it('is refused where it would show the host: / or the store', async () => {
    const parent = folder()
    const store = await storeIn(parent)
    for (const root of ['/', store.path, parent]) expect(await rejection(open({ root, store }))).toMatchObject(EXPOSED)
  })
})

function swap(one: string, other: string): ChildProcess {
  const program = staticProgram(`
    #define _GNU_SOURCE
    #include <fcntl.h>
    #include <stdio.h>
    #include <unistd.h>
    int main(int argc, char** argv) { for (;;) { renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE); usleep(50); } }`)
  const child = spawn(program, [one, other])
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}
