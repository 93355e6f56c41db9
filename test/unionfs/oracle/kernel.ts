// The kernel's side: starts overlay.py in a mount namespace of its own and asks it, a line at a time.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Outcome, Sequence } from './model.js'

/** Why a real overlayfs cannot be had here; undefined where it can. */
export function kernelMissing(): string | undefined {
  if (process.platform !== 'linux') return 'overlayfs is only in Linux'
  if (process.getuid?.() !== 0) return 'mounting overlayfs with redirect_dir needs root'
  if (spawnSync('python3', ['--version']).status !== 0) return 'no python3 to drive overlayfs with'
  if (spawnSync('unshare', ['-m', 'true']).status !== 0) return 'no mount namespace to be had'
  return undefined
}

/** A running helper. Close it. */
export class Kernel {
  readonly #process: ChildProcess
  readonly #directory: string
  readonly #lines: AsyncIterator<string>

  constructor() {
    this.#directory = mkdtempSync(join(tmpdir(), 'stratabox-overlay-'))
    const script = fileURLToPath(new URL('overlay.py', import.meta.url))
    this.#process = spawn('unshare', ['-m', 'python3', script, this.#directory], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, PYTHONUTF8: '1' },
    })
    this.#lines = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]()
  }

  async run(sequence: Sequence): Promise<Outcome> {
    this.#process.stdin!.write(`${JSON.stringify(sequence)}\n`)
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error('overlay.py has ended')
    const answer = JSON.parse(value) as Outcome | { failure: string }
    if ('failure' in answer) throw new Error(`overlay.py: ${answer.failure}`)
    return answer
  }

  async close(): Promise<void> {
    const exited = once(this.#process, 'exit')
    this.#process.stdin!.end()
    await exited
    rmdirSync(this.#directory)
  }
}
