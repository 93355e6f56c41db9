// The folder of corpora beside the repository. It is not part of a clone, so what reads it may find it absent.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { TestContext } from 'vitest'

const shared = new URL('../../../shared/', import.meta.url)

/** A path below ../shared, such as 'corpus/hostile'. Skips the test, with that reason, where it is absent. */
export function sharedPath(ctx: TestContext, path: string): string {
  const at = fileURLToPath(new URL(path, shared))
  if (!existsSync(at)) ctx.skip(`no ../shared/${path}`)
  return at
}
