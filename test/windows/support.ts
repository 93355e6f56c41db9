// What the Windows suite shares. It runs under Node's own test runner: vitest's tools do not start everywhere that Node does.
import { execFileSync } from 'node:child_process'
import { nativeWindows } from '../../src/native/index.js'

/** The program that does what it is told; scripts/wine.mjs builds it. */
export const HELPER = process.env['STRATABOX_TEST_HELPER'] ?? 'helper.exe'

/** Where the bundled suite is: programs that tests start lie beside it. */
export const SUITE = process.env['STRATABOX_TEST_SUITE'] ?? '.'

/** Wine's version; undefined on Windows itself. */
export const wine = nativeWindows().wineVersion()

/** Whether a process of that id is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Resolves once it is true; rejects after ten seconds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 10_000
  while (!condition()) {
    if (Date.now() > end) throw new Error(`not within 10 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Output of the helper, started by Node itself. */
export const helper = (...args: string[]): string => execFileSync(HELPER, args, { encoding: 'utf8' })
