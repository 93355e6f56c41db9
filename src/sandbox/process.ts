// A started command as its caller sees it.
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Abortable, ClosedError, callOptions, ExitError, UnsupportedError, untilAborted } from '../core/index.js'
import { Abortion } from './abortion.js'
import type { ProcessExit, RawProcess } from './backend.js'
import type { CommandSpec } from './command-spec.js'
import { LineSplitter } from './lines.js'
import { Output } from './output.js'
import { pendingCall } from './pending.js'
import { signalNumber } from './signals.js'
import { checkSize } from './terminal-size.js'
import type { RunResult, TerminalSize } from './types.js'
import { type WaitForLineOptions, waitForLine } from './wait-for-line.js'

const QUIET_MS = 100
const ERASED = Buffer.alloc(0)

/** What a process needs to know of its command. */
export interface ProcessStart {
  readonly raw: RawProcess
  readonly command: readonly string[]
  readonly spec: CommandSpec
  readonly startedAt: number
}

/** A running command. Not a thenable: an async function can return it. */
export class SandboxProcess implements AsyncDisposable, AsyncIterable<string> {
  readonly #start: ProcessStart
  readonly #stdout: Output
  readonly #stderr: Output | undefined
  readonly #done: Promise<RunResult<Buffer>>
  #timedOut = false
  #inputError: Error | undefined

  constructor(start: ProcessStart) {
    this.#start = start
    const { raw, spec } = start
    for (const stream of [raw.stdin, raw.stdout, raw.stderr]) (stream as { unref?: () => void } | undefined)?.unref?.()
    this.#stdout = new Output(raw.stdout, spec.maxOutputBytes)
    this.#stderr = raw.stderr === undefined ? undefined : new Output(raw.stderr, spec.maxOutputBytes)
    // A program that stops reading is no error of the caller's: EPIPE is dropped, the exit code tells.
    raw.stdin?.on('error', () => undefined)
    this.#done = this.#finish()
    this.#done.catch(() => undefined)
  }

  /** As seen inside. */
  get pid(): number {
    return this.#start.raw.pid
  }

  /** An open pipe, or the keyboard of its terminal; end it to give the program end of file. */
  get stdin(): Writable {
    const { stdin } = this.#start.raw
    if (stdin === undefined)
      throw new ClosedError('this command was started without a stdin pipe', { remedy: 'use spawn, or the input option of run' })
    return stdin
  }

  get stdout(): Readable {
    return this.#stdout.reader()
  }

  /** Empty when merged into stdout, and with a terminal. */
  get stderr(): Readable {
    return this.#stderr?.reader() ?? Readable.from([])
  }

  async #finish(): Promise<RunResult<Buffer>> {
    const { raw, spec, command, startedAt } = this.#start
    const timer = spec.timeoutMs === undefined ? undefined : setTimeout(() => this.#expire(), spec.timeoutMs)
    timer?.unref()
    const outputs = [this.#stdout, this.#stderr].filter((output) => output !== undefined)
    const abortion = new Abortion(spec.signal, () => raw.killTree())
    try {
      const exit = await Promise.race([raw.exit, abortion.overdue])
      for (const output of outputs) output.beginSettling()
      await Promise.all(outputs.map((output) => output.settle(QUIET_MS)))
      spec.signal?.throwIfAborted()
      if (this.#inputError !== undefined) throw this.#inputError
      return this.#result(exit, command, performance.now() - startedAt)
    } finally {
      raw.stdin?.destroy()
      for (const output of outputs) output.giveUp()
      clearTimeout(timer)
      abortion.end()
    }
  }

  #expire(): void {
    this.#timedOut = true
    this.#start.raw.killTree()
  }

  #result(exit: ProcessExit, command: readonly string[], durationMs: number): RunResult<Buffer> {
    const { exitCode, signal, oomKilled, ...usage } = exit
    return {
      command,
      ok: exitCode === 0 && !this.#timedOut,
      exitCode,
      signal,
      stdout: this.#stdout.bytes(),
      stderr: this.#stderr?.bytes() ?? ERASED,
      timedOut: this.#timedOut,
      oomKilled,
      truncated: this.#stdout.truncated || this.#stderr?.truncated === true,
      durationMs,
      usage,
    }
  }

  /** Feeds stdin; an input that fails ends the command, and `wait` rejects with its error. */
  feed(input: NonNullable<CommandSpec['input']>): void {
    const stdin = this.stdin
    if (typeof input === 'string' || input instanceof Uint8Array) {
      stdin.end(input)
      return
    }
    pipeline(Readable.from(input), stdin).catch((error: NodeJS.ErrnoException) => {
      // The program stopped reading, or has ended: its exit tells.
      if (['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED', 'ECONNRESET'].includes(error.code ?? '')) return
      this.#inputError = error
      this.#start.raw.killTree()
    })
  }

  /** The result, at exit plus end of file; if descendants hold the pipes, after 100 ms of silence.
   *  `signal` ends the waiting, not the program.
   *  @throws ExitError with `reject`; the abort's reason */
  async wait(options?: Abortable): Promise<RunResult> {
    const { signal } = callOptions(options, 'wait')
    const { spec } = this.#start
    const bytes = await pendingCall(untilAborted(this.#done, signal))
    // The overloads of run say Buffer where the encoding is 'buffer'.
    const text = (value: Buffer) => (spec.encoding === 'buffer' ? (value as unknown as string) : value.toString('utf8'))
    const result = { ...bytes, stdout: text(bytes.stdout), stderr: text(bytes.stderr) }
    if (spec.reject && !result.ok) throw new ExitError(failureText(result), result)
    return result
  }

  /** Lines of stdout from the start. Leaving early neither kills nor closes, nor holds the program back any more. */
  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    const splitter = new LineSplitter()
    const stream = this.#stdout.open()
    try {
      const chunks = stream[Symbol.asyncIterator]()
      for (;;) {
        const next = await pendingCall(chunks.next())
        if (next.done === true) break
        yield* splitter.push(next.value as Buffer)
      }
      yield* splitter.end()
    } finally {
      stream.destroy()
    }
  }

  /** The first line of stdout or stderr, from the start, that matches. @throws TimeoutError; ClosedError when it ends without one */
  waitForLine(pattern: string | RegExp, options?: WaitForLineOptions): Promise<string> {
    const outputs = [this.#stdout, this.#stderr].filter((output) => output !== undefined)
    return pendingCall(waitForLine(outputs, pattern, options))
  }

  /** Signals the command itself. False when it has ended. Default SIGTERM. */
  kill(signal: NodeJS.Signals = 'SIGTERM'): boolean {
    return this.#start.raw.kill(signalNumber(signal))
  }

  /** Changes the size of its terminal; the programs in it get SIGWINCH. Nothing happens when it has ended.
   *  @throws UnsupportedError when it was not started with `pty`; RangeError */
  resize(size: TerminalSize): void {
    const { resize } = this.#start.raw
    if (resize === undefined) throw new UnsupportedError('this process has no terminal', { remedy: 'start it with pty: true' })
    resize(checkSize(size, 'resize'))
  }

  /** Kills it with all that descends from it, and waits for the end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#start.raw.killTree()
    await pendingCall(
      this.#done.then(
        () => undefined,
        () => undefined,
      ),
    )
  }
}

function failureText({ command, exitCode, signal, timedOut, oomKilled, stderr }: RunResult): string {
  const how = timedOut
    ? 'timed out'
    : oomKilled
      ? 'ran out of memory'
      : signal !== null
        ? `was killed by ${signal}`
        : `exited with ${exitCode}`
  const last = String(stderr).trim().split('\n').slice(-3).join('\n')
  return `command ${how}: ${command.join(' ').slice(0, 200)}${last === '' ? '' : `\n${last.slice(-1000)}`}`
}
