// What a test needs of the machine, asked for by name: `requires(ctx, 'userns', 'bwrap')` skips it with the reason where that is missing.
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { TestContext } from 'vitest'

const powers: Record<string, { has(): boolean; reason: string }> = {
  linux: { has: () => process.platform === 'linux', reason: 'not Linux' },
  windows: { has: () => process.platform === 'win32', reason: 'real Windows is needed' },
  root: { has: () => process.getuid?.() === 0, reason: 'not root' },
  'ordinary user': { has: () => process.getuid?.() !== 0, reason: 'root, and the test is about ordinary users' },
  // Found out by trying: neither a sysctl nor an error's text tells for certain.
  userns: {
    has: once(() => spawnSync('unshare', ['--user', '--map-root-user', 'true']).status === 0),
    reason: 'user namespaces cannot be made here',
  },
  'sub-ids': { has: () => process.env['STRATABOX_TEST_UNPRIVILEGED'] === 'subids', reason: 'not the run with subordinate ids' },
}

/** Asks for powers (a key above) or programs (a command's name). */
export function requires(ctx: TestContext, ...names: string[]): void {
  for (const name of names) {
    const power = powers[name]
    if (power === undefined ? !isOnPath(name) : !power.has()) ctx.skip(power?.reason ?? `${name} is not installed`)
  }
}

const isOnPath = (command: string) =>
  [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'].some((folder) => isExecutable(join(folder, command)))

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function once(body: () => boolean): () => boolean {
  let answer: boolean | undefined
  return () => {
    answer ??= body()
    return answer
  }
}
