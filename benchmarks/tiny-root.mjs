// A root with two static programs in it, /true and /idle, and the places that mounts need.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))

/** Makes it in `work`; its path. */
export function makeTinyRoot(work) {
  const root = join(work, 'root')
  for (const name of ['proc', 'dev', 'tmp', 'sys', 'etc']) mkdirSync(join(root, name), { recursive: true })
  for (const [name, flags] of Object.entries({ true: [], idle: ['-DIDLE'] }))
    execFileSync('cc', ['-O2', '-static', '-nostdlib', ...flags, '-o', join(root, name), here('true.c')])
  // mkdtemp's 0700 would hide the root from the ids inside.
  chmodSync(work, 0o755)
  return root
}
