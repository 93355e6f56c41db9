// A store that cannot be written: everything that reads goes on, everything that writes says what to do, and nothing on disk changes.
import { execFileSync } from 'node:child_process'
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Sandbox, Store } from 'stratabox'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UnionFs } from '../../src/unionfs/index.js'

const READ_ONLY = { code: 'ERR_STORE_READ_ONLY', remedy: expect.stringContaining('store.load(path)') }
const isRoot = process.getuid?.() === 0

let home = ''
let disk = ''
let path = ''
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'stratabox-read-only-'))
  disk = join(home, 'disk')
  path = join(disk, 'store')
  mkdirSync(disk)
  // Modes do not hold root: a mount does.
  if (isRoot) execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', disk])
  await using store = await Store.open({ path })
  await store.build('scratch').program('/bin/sh', '/bin/cat').commit({ tag: 'run:1', compression: 'none' })
  await store.build('scratch').write('/hello', 'hi\n').commit({ tag: 'hello:1' })
  await Sandbox.run(['/bin/cat', '/dev/null'], { store, root: 'run:1', reject: true })
})
afterEach(async () => {
  if (isRoot) execFileSync('umount', ['--lazy', disk])
  else execFileSync('chmod', ['-R', 'u+rwX', disk])
  await rm(home, { recursive: true, force: true })
})

function lock(): void {
  if (isRoot) execFileSync('mount', ['-o', 'remount,ro', disk])
  else
    for (const name of ['.', ...readdirSync(path, { recursive: true, encoding: 'utf8' })].reverse()) {
      const at = join(path, name)
      const found = lstatSync(at)
      if (!found.isSymbolicLink()) chmodSync(at, found.mode & 0o555)
    }
}

/** Every name with its times. */
const state = (): string[] =>
  ['.', ...readdirSync(path, { recursive: true, encoding: 'utf8' })].sort().map((name) => {
    const { mtimeNs, ctimeNs, size, mode } = lstatSync(join(path, name), { bigint: true })
    return `${name} ${mode} ${size} ${mtimeNs} ${ctimeNs}`
  })

const ways: readonly (readonly [how: string, prepare: () => void, options: { readonly readOnly?: boolean }])[] = [
  ['that this user cannot write', lock, {}],
  ['opened with readOnly', () => {}, { readOnly: true }],
]
describe.each(ways)('a store %s', (_, prepare, options) => {
  it('is read as any other, and stays as it is', async () => {
    prepare()
    const before = state()
    await using store = await Store.open({ path, ...options })
    expect(store.isReadOnly).toBe(true)
    const refs: string[] = []
    for await (const { ref } of store.list()) refs.push(ref)
    expect(refs).toEqual(['hello:1', 'run:1'])
    const image = (await store.get('hello:1'))!
    expect(await (await UnionFs.of(image)).readFile('/hello', 'utf8')).toBe('hi\n')
    await store.unpack(image, join(home, 'tree'))
    expect(readFileSync(join(home, 'tree/hello'), 'utf8')).toBe('hi\n')
    await store.save('hello:1', join(home, 'hello.tar'), { format: 'docker-archive' })
    expect(await store.verify()).toEqual({ problems: [] })
    expect((await store.usage()).images.count).toBe(6)
    await store.close()
    expect(state()).toEqual(before)
  })

  it('runs what is unpacked in it, and says so of what is not', async () => {
    prepare()
    const before = state()
    await using store = await Store.open({ path, ...options })
    await using box = await Sandbox.create({ store, root: 'run:1' })
    const { stdout } = await box.run('echo hi > /new; cat /new', { reject: true })
    expect(stdout).toBe('hi\n')
    await expect(box.commit({ tag: 'run:2' })).rejects.toMatchObject(READ_ONLY)
    await expect(box.fork(2)).rejects.toMatchObject(READ_ONLY)
    await expect(Sandbox.create({ store, root: 'hello:1' })).rejects.toMatchObject({
      ...READ_ONLY,
      message: expect.stringContaining('unpacking layer sha256:'),
    })
    await expect(Sandbox.create({ store, root: 'run:1', mounts: { '/c': { cache: 'npm' } } })).rejects.toMatchObject(READ_ONLY)
    await expect(Sandbox.create({ store, root: 'run:1', scratch: 'disk' })).rejects.toMatchObject(READ_ONLY)
    await box.close()
    expect(state()).toEqual(before)
  })

  it('refuses what writes, each with a remedy that works', async () => {
    const other = await Store.open({ path: join(home, 'other') })
    await other.build('scratch').write('/other', 'x').commit({ tag: 'other:1' })
    await other.save('other:1', join(home, 'other.tar'), { format: 'oci-archive' })
    prepare()
    const before = state()
    await using store = await Store.open({ path, ...options })
    const image = (await store.get('hello:1'))!
    const writes: Record<string, () => Promise<unknown>> = {
      tag: () => store.tag(image, 'new:1'),
      untag: () => store.untag('hello:1'),
      index: () => store.index([image], { tag: 'index:1' }),
      load: () => store.load(join(home, 'other.tar')),
      build: () => store.build('hello:1').write('/x', 'x').commit(),
      'build and run': () => store.build('run:1').run('echo > /x').commit(),
      gc: () => store.gc(),
      trim: () => store.trim({ maxBytes: 0 }),
      repair: () => store.repair(image),
    }
    for (const [name, write] of Object.entries(writes)) await expect(write(), name).rejects.toMatchObject(READ_ONLY)
    expect(state()).toEqual(before)
    // As the remedy says.
    const images = await other.load(path)
    expect(images.map(({ digest }) => digest)).toContain(image.digest)
    await other.build('hello:1').write('/x', 'x').commit()
    await other.close()
  })
})

describe('where no store is', () => {
  it('none is made with readOnly', async () => {
    await expect(Store.open({ path: join(home, 'none'), readOnly: true })).rejects.toMatchObject({
      code: 'ERR_STORE',
      remedy: expect.stringContaining('readOnly'),
    })
    expect(readdirSync(home)).toEqual(['disk'])
  })

  it('and none can be made, the error says so', async () => {
    lock()
    await expect(Store.open({ path: join(isRoot ? disk : path, 'none') })).rejects.toMatchObject({
      code: 'ERR_STORE_READ_ONLY',
      remedy: expect.stringContaining('Store.open'),
    })
  })

  it("a layout of another tool's can be read in its place", async () => {
    const layout = join(home, 'layout')
    const store = await Store.open({ path })
    await store.save(['hello:1', 'run:1'], layout, { format: 'oci-layout' })
    await store.close()
    await using there = await Store.open({ path: layout, readOnly: true })
    expect((await there.get('hello:1'))?.digest).toMatch(/^sha256:/)
    expect(await there.verify()).toEqual({ problems: [] })
    expect((await there.usage()).unpacked).toEqual({ count: 0, bytes: 0 })
    expect(readdirSync(layout).sort()).toEqual(['blobs', 'index.json', 'oci-layout'])
  })

  it('readOnly must be a boolean', async () => {
    await expect(Store.open({ path, readOnly: 1 as never })).rejects.toThrow(TypeError)
  })
})
