// Independent readers accept what is written: regfexport (libregf), reglookup, hivexml (hivex). They read; the bytes are ours.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Hive } from 'stratabox/hive'
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest'
import { requires } from '../support/requires.js'
import { sharedPath } from '../support/shared.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hive-peers-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

// Through cat: hivexml opens /dev/stdout by its name, and Node's pipes are sockets, which cannot be opened so.
const run = (command: string, path: string) =>
  execFileSync('sh', ['-c', `${command} "$1" | cat`, 'sh', path], {
    maxBuffer: 1 << 28,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
const count = (text: string, part: RegExp) => text.match(part)?.length ?? 0

function write(hive: Hive): string {
  const path = join(folder, 'hive')
  writeFileSync(path, hive.toBytes())
  return path
}

/** A hive without anything that a peer is known to get wrong; ASCII names, as their output is escaped in three ways. */
function plain(): Hive {
  const hive = Hive.create({ now: () => new Date('2024-01-01T00:00:00Z') })
  for (let i = 0; i < 1200; i++) {
    const key = hive.createKey(`many\\key${i}`)
    key.setValue(`value${i}`, { type: 'REG_SZ', data: `text ${i} `.repeat(i % 40) })
    key.setValue('', { type: 'REG_DWORD', data: i })
  }
  const key = hive.createKey('kinds')
  key.className = 'some class'
  key.setValue('quad', { type: 'REG_QWORD', data: 2n ** 60n })
  key.setValue('multi', { type: 'REG_MULTI_SZ', data: ['a', 'b'] })
  key.setValue('16344', { type: 'REG_BINARY', data: new Uint8Array(16_344).fill(1) })
  return hive
}

const opened = (ctx: TestContext, name: string) => Hive.open(readFileSync(`${sharedPath(ctx, 'corpus/hives')}/${name}`))

describe('hivexml', () => {
  it('lists every key and value', (ctx) => {
    requires(ctx, 'hivexml')
    const xml = run('hivexml', write(plain()))
    expect([count(xml, /<node /g), count(xml, /<value /g)]).toEqual([1203, 2403])
    expect(xml).toContain('value="text 7 text 7 text 7 text 7 text 7 text 7 text 7 "')
  })
})

describe('reglookup', () => {
  it('lists every key and value of what is written', (ctx) => {
    requires(ctx, 'reglookup')
    const out = run('reglookup', write(plain()))
    expect([count(out, /,KEY,/g), count(out, /,(SZ|DWORD|QWORD|MULTI_SZ|BINARY),/g)]).toEqual([1203, 2403])
    expect(out).toContain('/many/key7/value7,SZ,text 7 text 7 text 7 text 7 text 7 text 7 text 7 ,')
  })

  it('reads a delta hive that was saved here as it reads the one of Windows', (ctx) => {
    requires(ctx, 'reglookup')
    const keys = (path: string) => run('reglookup', path).split('\n').sort()
    const original = `${sharedPath(ctx, 'corpus/hives')}/System_Delta`
    expect(keys(write(opened(ctx, 'System_Delta')))).toEqual(keys(original))
  })
})

describe('regfexport', () => {
  it('exports hives that were saved here as it exports the originals', (ctx) => {
    requires(ctx, 'regfexport')
    const lines = (path: string) => run('regfexport', path).split('\n').sort()
    for (const name of ['System_Delta', 'BigDataHive', 'TwoOwnersHive', 'hivex_special']) {
      const original = `${sharedPath(ctx, 'corpus/hives')}/${name}`
      expect(lines(write(opened(ctx, name)))).toEqual(lines(original))
    }
  })

  it('exports every key', (ctx) => {
    requires(ctx, 'regfexport')
    const out = run('regfexport', write(plain()))
    expect(count(out, /^Key path/gm)).toBe(1203)
  })
})
