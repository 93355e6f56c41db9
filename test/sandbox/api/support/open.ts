// Sandboxes of a test, closed when it has finished, and what differs between root and an ordinary user.
import { Sandbox, type SandboxOptions } from 'stratabox'
import { onTestFinished } from 'vitest'

/** Whether this run is root's: tests of what only one of the two gets are registered for that one. */
export const isRoot = process.getuid?.() === 0

/** Whether there is more than one id inside: for users of a single-id map all others are root under another name. */
export const hasFullMap = isRoot || process.env['STRATABOX_TEST_UNPRIVILEGED'] === 'subids'

/** Sandbox.create, closed at the end of the test. */
export async function open(options?: SandboxOptions): Promise<Sandbox> {
  const sandbox = await Sandbox.create(options)
  onTestFinished(() => sandbox.close())
  return sandbox
}

/** stdout of a command that must succeed, without its last line's end. */
export async function output(sandbox: Sandbox, command: string | readonly string[]): Promise<string> {
  const { stdout } = await sandbox.run(command, { reject: true })
  return stdout.trimEnd()
}

/** What the promise rejects with; a promise that resolves is a failure. */
export async function rejection(promise: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  let value: unknown
  try {
    value = await promise
  } catch (error) {
    return error as Error & Record<string, unknown>
  }
  throw new Error(`resolved with ${JSON.stringify(value)?.slice(0, 200)}`)
}
