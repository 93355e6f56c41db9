// The loader's cache: what is found through it, when the image needs it, and what a malformed one does.
import { describe, expect, it } from 'vitest'
import { makeElf } from './make-elf.js'
import { filesOf, listed, type TreeSpec } from './make-tree.js'

const LOADER = '/lib64/ld-linux-x86-64.so.2'
const CACHE = '/etc/ld.so.cache'
const base: TreeSpec = { [LOADER]: makeElf(), '/t': makeElf({ interpreter: LOADER, needed: ['liba.so'] }) }

interface Entry {
  readonly path: string
  readonly hwcap?: bigint
}

/** A cache in the new format; with `old`, after an (empty) list in the old one. */
function makeCache(entries: readonly Entry[], old = false): Buffer {
  const head = Buffer.alloc(48 + entries.length * 24)
  head.write('glibc-ld.so.cache1.1', 'latin1')
  head.writeUInt32LE(entries.length, 20)
  head[28] = 2
  let text = ''
  entries.forEach(({ path, hwcap }, index) => {
    const at = 48 + index * 24
    head.writeUInt32LE(0x303, at)
    head.writeUInt32LE(head.length + text.length + path.lastIndexOf('/') + 1, at + 4)
    head.writeUInt32LE(head.length + text.length, at + 8)
    head.writeBigUInt64LE(hwcap ?? 0n, at + 16)
    text += `${path}\0`
  })
  const front = Buffer.alloc(old ? 16 : 0)
  if (old) front.write('ld.so-1.7.0', 'latin1')
  return Buffer.concat([front, head, Buffer.from(text)])
}

describe('the cache', () => {
  it.each([false, true])('leads to directories of ld.so.conf, and then the image needs it (after an old list: %s)', async (old) => {
    const tree = { ...base, '/usr/local/lib/liba.so': makeElf(), [CACHE]: makeCache([{ path: '/usr/local/lib/liba.so' }], old) }
    expect(await filesOf(tree, '/t')).toEqual([CACHE, LOADER, '/t', '/usr/local/lib/liba.so'])
  })

  it('stays on the host if every library lies in a default directory', async () => {
    const tree = {
      ...base,
      '/lib': '-> usr/lib',
      '/usr/lib/x86_64-linux-gnu/liba.so': makeElf(),
      [CACHE]: makeCache([{ path: '/lib/x86_64-linux-gnu/liba.so' }]),
    }
    expect(await filesOf(tree, '/t')).toEqual([LOADER, '/t', '/usr/lib/x86_64-linux-gnu/liba.so'])
  })

  it('goes before the default directories, and its first entry before the second', async () => {
    const entries = [{ path: '/gone/liba.so' }, { path: '/b/liba.so' }, { path: '/a/liba.so' }]
    const tree = { ...base, '/a/liba.so': makeElf(), '/b/liba.so': makeElf(), '/lib/liba.so': makeElf(), [CACHE]: makeCache(entries) }
    expect(await filesOf(tree, '/t')).toContain('/b/liba.so')
  })

  it('has entries for some processors only, which are passed over', async () => {
    const tree = {
      ...base,
      '/h/liba.so': makeElf(),
      '/lib/liba.so': makeElf(),
      [CACHE]: makeCache([{ path: '/h/liba.so', hwcap: 1n << 62n }]),
    }
    expect(await filesOf(tree, '/t')).toContain('/lib/liba.so')
  })

  it('counts for a program linked with -z nodefaultlib, but not for the default directories', async () => {
    const tool = makeElf({ interpreter: LOADER, needed: ['liba.so'], flags1: 0x800 })
    const tree = { ...base, '/t': tool, '/lib/liba.so': makeElf(), '/lib64/liba.so': makeElf(), '/a/liba.so': makeElf() }
    await expect(listed({ ...tree, [CACHE]: makeCache([{ path: '/lib64/liba.so' }]) }, '/t')).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await filesOf({ ...tree, [CACHE]: makeCache([{ path: '/lib64/liba.so' }, { path: '/a/liba.so' }]) }, '/t')).toContain(
      '/a/liba.so',
    )
  })

  it.each<[Uint8Array, string]>([
    [Buffer.from('something else'), 'no magic'],
    [new Uint8Array(0), 'no bytes'],
    [makeCache([{ path: '/a/liba.so' }]).subarray(0, 40), 'half a header'],
    [makeCache([{ path: '/a/liba.so' }]).subarray(0, 60), 'half an entry'],
    [makeCache([{ path: '/a/liba.so' }]).subarray(0, 75), 'strings without an end'],
    [makeCache(Array.from({ length: 2000 }, () => ({ path: '' }))).fill(0xff, 20, 24), 'more entries than bytes'],
    [overlapping(), 'entries that all name the same long string'],
  ])('is refused if malformed: %#', async (bytes) => {
    await expect(listed({ ...base, '/lib/liba.so': makeElf(), [CACHE]: bytes }, '/t')).rejects.toMatchObject({
      code: 'ERR_FORMAT',
      message: expect.stringContaining('ld.so.cache'),
    })
  })
})

function overlapping(): Buffer {
  const cache = makeCache([...Array.from({ length: 1000 }, () => ({ path: '/' })), { path: `/${'x'.repeat(4000)}` }])
  for (let i = 0; i < 1000; i++) cache.writeUInt32LE(cache.length - 4002, 48 + i * 24 + 8)
  return cache
}
