import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const src = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: '#hash', replacement: src('core/hash.node.ts') },
      { find: '#compress', replacement: src('compress/codec.node.ts') },
      { find: '#spool', replacement: src('unionfs/spool.node.ts') },
      { find: /^stratabox$/, replacement: src('index.ts') },
      { find: /^stratabox\/(image|unionfs|hive|registry|windows|vitest)$/, replacement: src('$1/index.ts') },
      { find: /^stratabox\/registry\/testing$/, replacement: src('testing/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    pool: 'forks',
    maxWorkers: 2,
  },
})
