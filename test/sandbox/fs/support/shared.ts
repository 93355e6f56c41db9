// One sandbox for a whole test file, and a new directory in it for each test.
import { Sandbox, type SandboxOptions } from 'stratabox'
import { afterAll, beforeAll, beforeEach } from 'vitest'

/** Filled in by the hooks of `shareSandbox`. */
export interface Shared {
  sandbox: Sandbox
  fs: Sandbox['fs']
  /** Empty, writable for all, in memory. */
  dir: string
}

/** To be called at the top of a test file. */
export function shareSandbox(options?: SandboxOptions): Shared {
  const shared = {} as Shared
  beforeAll(async () => {
    shared.sandbox = await Sandbox.create(options)
    shared.fs = shared.sandbox.fs
  })
  beforeEach(async () => {
    shared.dir = await shared.fs.mkdtemp('/tmp/test-')
    await shared.fs.chmod(shared.dir, 0o777)
  })
  afterAll(() => shared.sandbox?.close())
  return shared
}
