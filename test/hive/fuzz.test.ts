// The coverage-guided fuzzer (scripts/fuzz), for a short while; and everything that it ever found.
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from './fuzz/target.js'

const fixtures = fileURLToPath(new URL('../fixtures/hives/', import.meta.url))

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hive-fuzz-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs the fuzzer; all that it prints. */
const fuzz = (target: string, ...options: string[]) =>
  new Promise<{ code: unknown; output: string }>((resolve) => {
    const cwd = fileURLToPath(new URL('../..', import.meta.url))
    const args = ['scripts/fuzz/run.mjs', target, '--findings', join(folder, 'findings'), ...options]
    execFile(process.execPath, args, { cwd }, (error, stdout, stderr) => resolve({ code: error?.code ?? 0, output: stdout + stderr }))
  })

describe('what the fuzzer once found', () => {
  it.each(readdirSync(fixtures))('stays mended: %s', (name) => {
    run(readFileSync(join(fixtures, name)))
  })
})

describe('the fuzzer', () => {
  it('finds nothing wrong in hives, logs, layers and .reg text for a while', async () => {
    const { code, output } = await fuzz('test/hive/fuzz/target.ts', '--seconds', '20', '--seed', '1')
    expect(output).toMatch(/\d+ executions, \d+ edges, \d+ inputs kept\n$/)
    expect(code).toBe(0)
  })

  /** A target whose `run` has this body. */
  function planted(body: string): string {
    const file = join(folder, 'planted.mjs')
    writeFileSync(
      file,
      `export const tokens = []
export const seeds = () => [Buffer.alloc(64, 1)]
export const repair = (bytes) => bytes
export function run(bytes) { ${body} }
`,
    )
    return file
  }

  it('is led by coverage to what chance would not hit', async () => {
    // Six half bytes: by chance one input of 2^24; branch by branch, some ten thousand.
    const nested = [10, 9, 8, 7, 6, 5].reduceRight(
      (inner, half, i) => `if (bytes[${4 * i}] >> 4 === ${half}) { ${inner} }`,
      "throw new Error('the way out')",
    )
    const { code, output } = await fuzz(planted(nested), '--seconds', '100', '--seed', '1')
    expect(output).toMatch(/finding: Error: the way out/)
    expect(code).toBe(1)
    const [, input] = /its input: (.*)/.exec(output)!
    expect([0, 4, 8, 12, 16, 20].map((at) => readFileSync(input!)[at]! >> 4)).toEqual([10, 9, 8, 7, 6, 5])
    const again = await fuzz(join(folder, 'planted.mjs'), input!)
    expect(again.output).toContain('the way out')
  })

  it('tells a hang', async () => {
    const { code, output } = await fuzz(planted('while (bytes.length === 64);'), '--seconds', '5', '--run-seconds', '1')
    expect(output).toContain('finding: one run takes more than 1 seconds')
    expect(code).toBe(1)
  })

  it.each([
    ['objects', 'const all = []; for (;;) all.push({ of: all.length })'],
    ['bytes', 'const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1))'],
  ])('tells memory without bound: %s', async (_, body) => {
    const { code, output } = await fuzz(planted(body), '--seconds', '5', '--run-seconds', '150')
    expect(output).toMatch(/finding: .*(memory|GiB)/)
    expect(code).toBe(1)
  })
})
