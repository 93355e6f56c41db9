// SandboxFs stands in for node:fs/promises wherever only these calls are used.
import type * as nodeFs from 'node:fs/promises'
import type { Sandbox } from 'stratabox'
import { expectTypeOf, it } from 'vitest'

type Calls = Pick<
  typeof nodeFs,
  | 'readFile'
  | 'writeFile'
  | 'appendFile'
  | 'readdir'
  | 'stat'
  | 'lstat'
  | 'mkdir'
  | 'mkdtemp'
  | 'rm'
  | 'rename'
  | 'copyFile'
  | 'link'
  | 'symlink'
  | 'readlink'
  | 'realpath'
  | 'chmod'
  | 'chown'
  | 'utimes'
  | 'truncate'
  | 'access'
  | 'open'
>

it('is assignable to what it shares with node:fs/promises', () => {
  expectTypeOf<Sandbox['fs']>().toExtend<Calls>()
})
