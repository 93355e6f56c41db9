// vitest: what one wants to say of results and sandboxes. `expect.extend(sandboxMatchers)`.
import { existsSync } from 'node:fs'
import type { RunResult, Sandbox } from '../api/index.js'
import { StrataError } from '../core/index.js'

interface Verdict {
  readonly pass: boolean
  message(): string
}

/** The matchers as `expect` has them. */
export interface SandboxMatchers<R = unknown> {
  /** Of a result (or its promise's value): exit code 0, no signal, no time-out. */
  toSucceed(): R
  /** Of a sandbox: a file is there, with this content if given. Await it. */
  toHaveFile(path: string, content?: string): Promise<R>
  /** Of a sandbox: closing it ends every process it had. Closes it; await it. */
  toLeaveNothingBehind(): Promise<R>
}

function toSucceed(result: RunResult): Verdict {
  const { ok, exitCode, signal, timedOut, stderr } = result
  return {
    pass: ok,
    message: () =>
      `the command ${ok ? 'succeeded' : `did not succeed: exit code ${exitCode}, signal ${signal}, timed out: ${timedOut}\n${stderr}`}`,
  }
}

async function toHaveFile(sandbox: Sandbox, path: string, content?: string): Promise<Verdict> {
  try {
    const found = await sandbox.fs.readFile(path, 'utf8')
    const pass = content === undefined || found === content
    return {
      pass,
      message: () => `${path} ${pass ? 'is there' : `holds ${JSON.stringify(found.slice(0, 500))}, not ${JSON.stringify(content)}`}`,
    }
  } catch (error) {
    if (!(error instanceof StrataError)) throw error
    return { pass: false, message: () => `${path} cannot be read: ${error.message}` }
  }
}

async function toLeaveNothingBehind(sandbox: Sandbox): Promise<Verdict> {
  const marker = sandbox.id
  await sandbox.close()
  const groups = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified', '/sys/fs/cgroup/memory', '/sys/fs/cgroup/pids', '/sys/fs/cgroup/cpu']
  const left = groups.map((parent) => `${parent}/stratabox-${marker}`).filter((path) => existsSync(path))
  return { pass: left.length === 0, message: () => (left.length === 0 ? 'nothing is left' : `left behind: ${left.join(', ')}`) }
}

/** For `expect.extend`. */
export const sandboxMatchers = { toSucceed, toHaveFile, toLeaveNothingBehind }
