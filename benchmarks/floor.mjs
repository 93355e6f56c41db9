// The floor: the bare system calls of a sandbox's life, from C, when the program for it lies beside the repository.
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const source = fileURLToPath(new URL('../../shared/limit/floor.c', import.meta.url))
const run = promisify(execFile)

const isRoot = process.getuid?.() === 0

/** Why there is none, as a peer that is missing (measure.mjs). */
export const NO_FLOOR = {
  name: 'the floor in C',
  reason: isRoot ? 'its source, ../shared/limit/floor.c, is not there' : 'it maps root to root, which only root may',
}

/** Compiles it into `work`. Undefined where its source is missing or it may not run, else `life(net, count)`, the median of that many lives in microseconds, and
 *  `idle(net, count)`, which resolves to { first100Us, last100Us, end() } once that many are there. */
export function compileFloor(work, root) {
  if (!isRoot || !existsSync(source)) return undefined
  const binary = join(work, 'floor')
  execFileSync('cc', ['-O2', '-o', binary, source])
  const own = (net, mode) => join(work, `floor-${net}-${mode}`)
  return {
    life: async (net, count, layers = 1) => {
      const { stdout } = await run(binary, [own(net, `life${layers}`), join(root, 'true'), String(count), net, String(layers)])
      return JSON.parse(stdout).medianUs
    },
    idle: async (net, count) => {
      const child = spawn(binary, [own(net, 'idle'), join(root, 'idle'), String(count), net, '1', 'idle'], {
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      const [text] = await once(child.stdout, 'data')
      const { first100MeanUs, last100MeanUs } = JSON.parse(text)
      const end = async () => {
        child.stdin.end()
        await once(child, 'exit')
      }
      return { first100Us: first100MeanUs, last100Us: last100MeanUs, end }
    },
  }
}
