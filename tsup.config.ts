import { defineConfig } from 'tsup'

// One bundle graph for all entries: with splitting, a class such as StrataError exists once, so `instanceof` holds across subpaths.
export default defineConfig({
  entry: {
    index: 'src/index.ts',
    'image/index': 'src/image/index.ts',
    'unionfs/index': 'src/unionfs/index.ts',
    'hive/index': 'src/hive/index.ts',
    'registry/index': 'src/registry/index.ts',
    'windows/index': 'src/windows/index.ts',
    'windows-layer/index': 'src/windows-layer/index.ts',
    'testing/index': 'src/testing/index.ts',
    'vitest/index': 'src/vitest/index.ts',
    'core/hash': 'src/core/hash.ts',
    'core/hash.node': 'src/core/hash.node.ts',
    'compress/codec': 'src/compress/codec.ts',
    'compress/codec.node': 'src/compress/codec.node.ts',
    'unionfs/spool': 'src/unionfs/spool.ts',
    'unionfs/spool.node': 'src/unionfs/spool.node.ts',
  },
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  splitting: true,
  sourcemap: true,
  clean: false,
  dts: false,
  external: [/^#/, /^node:/, 'vitest'],
})
