// npm run bench: what it measures, writes and refuses. Nothing here says how fast anything is.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requires } from '../support/requires.js'
import { bench, writeRows } from './bench.js'

let work: string
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'stratabox-bench-test-'))
})
afterAll(() => rmSync(work, { recursive: true, force: true }))

describe('npm run bench', () => {
  it('measures the contenders of a group in turns and writes JSON, HTML and Markdown', (ctx) => {
    requires(ctx, 'linux', 'userns', 'cc', 'bwrap')
    const run = bench(join(work, 'startup'), ['--only', 'startup', '--quick', '--rounds', '2', '--json', join(work, 'copy.json')])
    expect(run.stderr).toContain('startup: 2 of 2 rounds')
    expect(run.status).toBe(0)
    const { rows, groups, machine } = run.result()
    expect(Object.keys(groups)).toEqual(['startup'])
    expect(machine['node']).toBe(process.version)
    const contenders = new Set(rows.map(({ who }) => who))
    expect([...contenders]).toEqual(expect.arrayContaining(['child_process.spawn', 'stratabox: create + run + close', 'bubblewrap']))
    // The floor is a figure for a block of rounds, podman and docker are measured in every fifth.
    const isRare = (who: string) => who.startsWith('floor') || who === 'podman' || who === 'docker'
    for (const row of rows) expect(row.samples, row.who).toHaveLength(isRare(row.who) ? 1 : 2)
    const named = [...contenders, ...(groups['startup']?.missing.map(({ name }) => name) ?? [])]
    expect(named).toEqual(expect.arrayContaining(['crun', 'runc', 'podman', 'docker']))
    for (const { samples } of rows) for (const sample of samples) expect(sample).toBeGreaterThan(0)
    const html = run.read('latest.html')
    for (const who of contenders) expect(html).toContain(`${who}: median`)
    expect(html).toContain('<polyline')
    expect(run.read('latest.md')).toContain('| bubblewrap ')
    expect(run.stdout).toContain(run.read('latest.md').trim())
  })

  it('names a peer that is not installed, in every report', (ctx) => {
    requires(ctx, 'linux')
    const path = join(work, 'bin')
    mkdirSync(path)
    symlinkSync(process.execPath, join(path, 'node'))
    const run = bench(join(work, 'hive'), ['--only', 'hive', '--quick', '--rounds', '1'], { PATH: path })
    expect(run.status).toBe(0)
    expect(run.result().groups['hive']?.missing).toContainEqual({ name: 'hivexml', reason: 'it is not installed' })
    for (const name of ['latest.md', 'latest.html']) expect(run.read(name)).toContain('Missing: hivexml (it is not installed).')
  })

  it('says whether targets are met, as multiples of what they name or in the unit', () => {
    const from = writeRows(join(work, 'targets.json'), [
      { name: 'start', who: 'ours', unit: 'ms', samples: [3, 3, 3], target: 1.6, baseline: 'floor', at: 70 },
      { name: 'start', who: 'pooled', unit: 'ms', samples: [1, 1, 1], target: 1.6, baseline: 'floor', at: 70 },
      { name: 'start', who: 'floor', unit: 'ms', samples: [1, 1, 1], isPeer: true },
      { name: 'rate', who: 'ours', unit: 'per second', samples: [500, 499, 498], isRate: true, target: 500 },
      { name: 'lonely', who: 'ours', unit: 'ms', samples: [1], target: 2, baseline: 'not measured' },
    ])
    const { stdout } = bench(join(work, 'targets'), ['--from', from])
    expect(stdout.split('\n').filter((line) => line.startsWith('Target'))).toEqual([
      'Target missed: start at 70, ours: 3 × floor, at most 1.6.',
      'Target met: start at 70, pooled: 1 × floor, at most 1.6.',
      'Target missed: rate, ours: 499 per second, at least 500.',
    ])
  })

  it('writes a page that needs nothing from outside and takes names as text', () => {
    const name = '<script>alert("1 & 2")</script>'
    const from = writeRows(join(work, 'hostile.json'), [{ name, who: name, unit: 'ms', samples: [1, 2, 3] }])
    const html = bench(join(work, 'hostile'), ['--from', from]).read('latest.html')
    expect(html).toContain('&lt;script&gt;alert(&quot;1 &amp; 2&quot;)&lt;/script&gt;')
    expect(html).not.toMatch(/<script|<link|<img|@import|url\(|src=|href="(?!#)/)
  })

  it.each([
    [['--only', 'startup,nothing'], '--only nothing: the groups are startup,'],
    [['--rounds', '0'], '--rounds is not a positive whole number: 0'],
    [['--rounds', '1.5'], '--rounds is not a positive whole number: 1.5'],
    [['--compare', '/nowhere.json'], 'cannot read /nowhere.json: ENOENT'],
    [['--from', new URL('../../package.json', import.meta.url).pathname], 'is not a result of npm run bench in the present format'],
  ])('refuses %j before it measures', (args, message) => {
    const run = bench(join(work, 'refused'), args)
    expect(run.stderr).toContain(message)
    expect(run.status).toBe(1)
  })
})
