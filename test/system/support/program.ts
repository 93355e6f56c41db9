// A Node program of fixtures/ as a child, with a home of its own; it tells of itself in lines of JSON.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

/** Directories that stand for a user's: store and runtime directory are below. Removed when the test has finished. */
export function temporaryHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'stratabox-home-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  for (const name of ['data', 'run']) mkdirSync(join(home, name), { mode: 0o700 })
  return home
}

/** One running program. */
export class Program {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #errors: string[] = []
  readonly exit: Promise<{ code: number | null; signal: NodeJS.Signals | null }>

  constructor(fixture: string, args: readonly string[], home: string, uid?: number) {
    const path = fileURLToPath(new URL(`../fixtures/${fixture}`, import.meta.url))
    const env = { ...process.env, HOME: home, XDG_DATA_HOME: join(home, 'data'), XDG_RUNTIME_DIR: join(home, 'run') }
    this.#child = spawn(process.execPath, [path, ...args], {
      env,
      stdio: 'pipe',
      ...(uid === undefined ? {} : { uid, gid: uid }),
    })
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#errors.push(String(chunk)))
    this.#lines = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]()
    this.exit = new Promise((resolve) => this.#child.once('close', (code, signal) => resolve({ code, signal })))
    onTestFinished(() => void this.#child.kill('SIGKILL'))
  }

  get pid(): number {
    return this.#child.pid as number
  }

  /** What it wrote to stderr so far. */
  get stderr(): string {
    return this.#errors.join('')
  }

  /** The next thing it tells. */
  async tells(): Promise<Record<string, unknown>> {
    const { done, value } = await this.#lines.next()
    if (done === true) throw new Error(`the program ended without a word:\n${this.stderr}`)
    return JSON.parse(value) as Record<string, unknown>
  }

  say(line: string): void {
    this.#child.stdin?.write(`${line}\n`)
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }
}
