// Small static programs for sandboxes with nothing else in them, compiled with cc when first asked for.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Compiles C into a static executable and returns its path. The same source is compiled once per user and machine.
 *  @param options.libc whether it is linked with the C library (some 800 KiB); without, it starts at `_start` */
export function staticProgram(source: string, options: { readonly libc: boolean } = { libc: true }): string {
  const name = createHash('sha256')
    .update(JSON.stringify([source, options.libc]))
    .digest('hex')
    .slice(0, 16)
  const folder = join(tmpdir(), `stratabox-programs-${process.getuid?.()}`)
  const program = join(folder, name)
  if (existsSync(program)) return program
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  const draft = `${program}-${process.pid}`
  writeFileSync(`${draft}.c`, source)
  execFileSync('cc', ['-O2', '-static', ...(options.libc ? [] : ['-nostdlib']), '-o', draft, `${draft}.c`])
  // Test files run side by side: whoever is first, nobody sees half of it.
  renameSync(draft, program)
  return program
}

/** Exits 0 at once, with no C library: what starting anything costs at least. */
export const staticTrue = (): string =>
  staticProgram(readFileSync(new URL('../../benchmarks/true.c', import.meta.url), 'utf8'), { libc: false })
