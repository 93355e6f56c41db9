// npm run bench -- --compare: what it calls worse, on samples made up so that the truth is known.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bench, type Row, writeRows } from './bench.js'

let work: string
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'stratabox-bench-test-'))
})
afterAll(() => rmSync(work, { recursive: true, force: true }))

type Made = Omit<Row, 'group'>

/** Samples around `median` as a busy machine gives them: most within a quarter of it, one in ten several times as large. Always the same for a seed. */
function noisy(median: number, count: number, seed: number): number[] {
  // mulberry32
  let state = seed * 7919
  const random = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  return Array.from({ length: count }, () => median * (random() < 0.1 ? 2 + 4 * random() : 0.8 + 0.4 * random()))
}

const row = (name: string, samples: readonly number[], more: Partial<Made> = {}): Made => ({
  name,
  who: 'ours',
  unit: 'ms',
  samples,
  ...more,
})

/** What is said of two results: the titles of rows by verdict, and the exit code. */
function compare(before: readonly Made[], now: readonly Made[], { cpu = '2 × made' } = {}) {
  const folder = mkdtempSync(join(work, 'case-'))
  const [earlier, later] = [writeRows(join(folder, 'before.json'), before), writeRows(join(folder, 'now.json'), now, cpu)]
  const { stdout, stderr, status, read } = bench(join(folder, 'out'), ['--from', later, '--compare', earlier])
  const said = stdout.slice(0, stdout.indexOf('### made'))
  const section = (title: string) => said.split(`### ${title}\n`)[1]?.split(/\n\n(?!\|)/)[0] ?? ''
  const named = (title: string) =>
    section(title)
      .split('\n')
      .filter((line) => line.startsWith('| made'))
      .map((line) => line.split('|')[2]?.trim())
  return { worse: named('Worse beyond noise'), better: named('Better beyond noise'), said, stderr, status, read }
}

describe('npm run bench -- --compare', () => {
  it('calls none of 300 rows worse or better that differ by noise alone, and ends with exit code 0', () => {
    const at = (seeds: number) => Array.from({ length: 300 }, (_, k) => row(`task ${k}`, noisy(5, [7, 15, 40][k % 3] ?? 0, seeds + k)))
    const { worse, better, said, status } = compare(at(1000), at(5000))
    expect([worse, better]).toEqual([[], []])
    expect(said).toContain('0 worse, 0 better, 300 the same within noise')
    expect(status).toBe(0)
  })

  it('names what takes half as long again, and what takes a third less, and ends with exit code 1', () => {
    const before = ['steady', 'slower', 'faster'].map((name, k) => row(name, noisy(5, 30, k)))
    const now = [row('steady', noisy(5, 30, 7)), row('slower', noisy(7.5, 30, 8)), row('faster', noisy(3.3, 30, 9))]
    const { worse, better, status, stderr, read } = compare(before, now)
    expect([worse, better]).toEqual([['slower, ours'], ['faster, ours']])
    expect(stderr).toMatch(/^1 worse than in .*before\.json$/m)
    expect(status).toBe(1)
    for (const name of ['latest.md', 'latest.html']) expect(read(name)).toContain('Worse beyond noise')
  })

  it('passes over a change that is certain and within the tolerance', () => {
    const exact = (median: number) => Array.from({ length: 30 }, (_, k) => median + k * 1e-6)
    expect(compare([row('size', exact(100))], [row('size', exact(109))]).worse).toEqual([])
    expect(compare([row('size', exact(100))], [row('size', exact(111))]).worse).toEqual(['size, ours'])
  })

  it('takes a lower rate for the worse', () => {
    const rate = (median: number, seed: number) => [row('bytes', noisy(median, 30, seed), { unit: 'GiB/s', isRate: true })]
    expect(compare(rate(4, 1), rate(2, 2)).worse).toEqual(['bytes, ours'])
    expect(compare(rate(2, 1), rate(4, 2)).better).toEqual(['bytes, ours'])
  })

  it('blames the machine for what its peers at the same task share', () => {
    const pair = (ours: number, theirs: number, seed: number) => [
      row('start', noisy(ours, 30, seed)),
      row('start', noisy(theirs, 30, seed + 50), { who: 'theirs', isPeer: true }),
    ]
    expect(compare(pair(5, 9, 1), pair(10, 18, 2)).worse).toEqual([])
    expect(compare(pair(5, 9, 1), pair(10, 9, 2)).worse).toEqual(['start, ours'])
    // Not measured to be slower, whatever the peers gained; on another machine their gain is what to expect of it.
    expect(compare(pair(5, 9, 1), pair(5, 4.5, 2)).worse).toEqual([])
    expect(compare(pair(5, 9, 1), pair(5, 4.5, 2), { cpu: 'faster' }).worse).toEqual(['start, ours'])
  })

  it('never calls a peer worse', () => {
    const peer = (median: number) => [row('start', noisy(median, 30, median), { who: 'theirs', isPeer: true })]
    expect(compare(peer(5), peer(50)).said).toContain('0 worse, 0 better, 0 the same')
  })

  it('judges few samples by their ranges, and a single one not at all', () => {
    const few = (...samples: number[]) => [row('memory', samples)]
    expect(compare(few(100, 101, 102), few(130, 131, 132)).worse).toEqual(['memory, ours'])
    expect(compare(few(100, 101, 102), few(118, 119, 120)).worse, 'within twice the tolerance').toEqual([])
    expect(compare(few(100, 120, 150), few(151, 170, 190)).worse, 'apart by less than they are wide').toEqual([])
    expect(compare(few(100), few(900)).said).toContain('0 worse, 0 better, 0 the same within noise, 1 measured only once.')
  })

  it('names rows that only one of the two has, and leaves zeros alone', () => {
    const { said, status } = compare(
      [row('old', [1, 1, 1]), row('zero', [0, 0, 0])],
      [row('new', [1, 1, 1], { at: 1000 }), row('zero', [1, 1, 1])],
    )
    expect(said).toContain('No longer measured: made: old, ours.')
    expect(said).toContain('Not measured before: made: new at 1,000, ours.')
    expect(status).toBe(0)
  })
})
