// The floor: the bare system calls of a sandbox's life, from C, when the program for it lies beside the repository.
import { execFile, execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const source = fileURLToPath(new URL('../../shared/limit/floor.c', import.meta.url))

/** Compiles it into `work`. Returns undefined where its source or a compiler is missing, else run(net, count) → median in microseconds. */
export function compileFloor(work, program) {
  if (!existsSync(source)) return undefined
  const binary = join(work, 'floor')
  execFileSync('cc', ['-O2', '-o', binary, source])
  return async (net, count) => {
    const { stdout } = await promisify(execFile)(binary, [join(work, `floor-${net}`), program, String(count), net])
    return JSON.parse(stdout).medianUs
  }
}
