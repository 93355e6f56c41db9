// vitest: a fresh sandbox for each test, from one pool a worker.
import { type TestAPI, test } from 'vitest'
import { Sandbox, type SandboxOptions, SandboxPool } from '../api/index.js'

const POOL_SIZE = 2
const pools = new Map<string, Promise<SandboxPool>>()

/** What `sandboxTest` gives a test. */
export interface SandboxFixtures {
  /** Options of this file's or test's sandboxes; override with `sandboxTest.extend({ sandboxOptions: … })`. Default: {}. */
  sandboxOptions: SandboxOptions
  /** A fresh one, closed after the test. */
  sandbox: Sandbox
}

/** Options that are plain data can share a pool; others (an image, a store) get a sandbox made on the spot. */
function poolKey(options: SandboxOptions): string | undefined {
  const isPlain = Object.values(options).every(
    (value) => typeof value !== 'object' || value === null || Object.getPrototypeOf(value) === Object.prototype,
  )
  return isPlain ? JSON.stringify(options) : undefined
}

async function take(options: SandboxOptions): Promise<Sandbox> {
  const key = poolKey(options)
  if (key === undefined) return Sandbox.create(options)
  const pool = pools.get(key) ?? SandboxPool.create({ ...options, size: POOL_SIZE })
  pools.set(key, pool)
  return (await pool).take()
}

/** `test` with `sandbox` and `sandboxOptions`. The pools end with the worker. */
export const sandboxTest: TestAPI<SandboxFixtures> = test.extend<SandboxFixtures>({
  sandboxOptions: [{}, { injected: true }],
  sandbox: async ({ sandboxOptions }, use) => {
    const sandbox = await take(sandboxOptions)
    try {
      await use(sandbox)
    } finally {
      await sandbox.close()
    }
  },
})
