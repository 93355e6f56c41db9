// Commands in a running sandbox: whose defaults apply, in which order. The environment is PATH and HOME, then the image's, the sandbox's, the call's.
import { ClosedError } from '../core/index.js'
import type { RawProcess, RunningSandbox } from './backend.js'
import { type CommandSpec, commandArguments, normalizeRun } from './command-spec.js'
import type { UserSpec } from './option-checks.js'
import { platform } from './platform.js'
import { SandboxProcess } from './process.js'
import type { SandboxSpec } from './spec.js'
import type { Command, RunOptions, RunResult, SpawnOptions } from './types.js'

const ROOT: UserSpec = { uid: 0, gid: 0 }

/** What an image says about its commands. Source: image-spec config.md. */
export interface CommandDefaults {
  /** `NAME=value`. */
  readonly env: readonly string[]
  readonly entrypoint: readonly string[]
  readonly cmd: readonly string[]
  readonly cwd: string | undefined
  readonly user: string | undefined
}

/** Defaults of a root that is no image. */
export const noDefaults: CommandDefaults = { env: [], entrypoint: [], cmd: [], cwd: undefined, user: undefined }

const pairs = (env: readonly string[]): [string, string][] =>
  env.filter((line) => line.includes('=')).map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])

/** What is being started; aborted, nobody waits for it any longer, and it is killed when it comes: in a paused sandbox that may take its time. */
function unlessAborted(starting: Promise<RawProcess>, signal: AbortSignal | undefined): Promise<RawProcess> {
  if (signal === undefined) return starting
  return new Promise((resolve, reject) => {
    const abort = () => {
      starting.then(
        (raw) => discard(raw),
        () => undefined,
      )
      reject(signal.reason)
    }
    signal.addEventListener('abort', abort, { once: true })
    starting.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

function discard(raw: RawProcess): void {
  raw.killTree()
  for (const stream of [raw.stdin, raw.stdout, raw.stderr]) stream?.destroy()
}

/** A sandbox with the defaults of its image and its options. */
export class Session {
  readonly running: RunningSandbox
  readonly #spec: SandboxSpec
  readonly #defaults: CommandDefaults

  constructor(running: RunningSandbox, spec: SandboxSpec, defaults: CommandDefaults) {
    this.running = running
    this.#spec = spec
    this.#defaults = defaults
  }

  /** Whose files new ones are. */
  get user(): UserSpec {
    return this.#spec.user ?? this.#defaults.user ?? ROOT
  }

  #argv(command: Command | undefined, entrypoint: boolean): readonly string[] {
    const { entrypoint: first, cmd } = this.#defaults
    if (command !== undefined) return entrypoint ? [...first, ...commandArguments(command)] : commandArguments(command)
    const argv = [...first, ...cmd]
    if (argv.length === 0)
      throw new TypeError(
        'no command was given, and the image has neither entrypoint nor cmd (pass a command, or build the image with entrypoint())',
      )
    return argv
  }

  #env({ env: call, terminal }: CommandSpec): Record<string, string | undefined> {
    const term = terminal === undefined ? {} : { TERM: 'xterm' }
    return { ...platform.environment(), ...term, ...Object.fromEntries(pairs(this.#defaults.env)), ...this.#spec.env, ...call }
  }

  async #start(command: Command | undefined, spec: CommandSpec, hasStdin: boolean): Promise<SandboxProcess> {
    spec.signal?.throwIfAborted()
    const argv = this.#argv(command, spec.entrypoint)
    const request = {
      argv,
      env: this.#env(spec),
      cwd: spec.cwd ?? this.#spec.cwd ?? this.#defaults.cwd ?? platform.cwd,
      user: spec.user ?? this.user,
      mergeStderr: spec.mergeStderr,
      hasStdin,
      terminal: spec.terminal,
    }
    const startedAt = performance.now()
    const raw = await unlessAborted(this.running.spawn(request), spec.signal)
    const started = new SandboxProcess({ raw, command: argv, spec, startedAt })
    if (spec.signal?.aborted === true) {
      await started[Symbol.asyncDispose]()
      spec.signal.throwIfAborted()
    }
    return started
  }

  /** Resolves when the program has started; rejects when it cannot be. */
  async spawn(command: Command | undefined, options: SpawnOptions | undefined): Promise<SandboxProcess> {
    return this.#start(command, normalizeRun(options), true)
  }

  /** Runs to the end. stdin is empty unless there is an input. */
  async run(command: Command | undefined, options: RunOptions | undefined): Promise<RunResult> {
    const spec = normalizeRun(options)
    const started = await this.#start(command, spec, spec.input !== undefined || spec.terminal !== undefined)
    if (spec.input !== undefined) started.feed(spec.input)
    else if (spec.terminal !== undefined) started.stdin.end()
    return started.wait()
  }

  /** @throws ClosedError */
  static ended(): never {
    throw new ClosedError('the sandbox is closed', { remedy: 'create a new one' })
  }
}
