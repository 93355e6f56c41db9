// The public Sandbox: thin; what it does is in sandbox/, what it commits in the store.
import type { Duplex } from 'node:stream'
import { type Abortable, ClosedError, callOptions, optionsObject, untilAborted } from '../core/index.js'
import type { Change, Image } from '../image/index.js'
import { OpenFiles, SandboxFs } from '../sandbox/fs/index.js'
import {
  backend,
  type Command,
  type IsolationReport,
  Ports,
  type PublishedPort,
  type PublishOptions,
  RUN_OPTIONS,
  type RunOptions,
  type RunResult,
  type SandboxEvents,
  type SandboxProcess,
  type SandboxStats,
  type SpawnOptions,
  signalNumber,
  type WaitForPortOptions,
} from '../sandbox/index.js'
import './build-step.js'
import { type CommitOptions, commitChanges } from './commit.js'
import { type Forks, forkSandbox } from './fork.js'
import { type SandboxOptions, type Started, startSandbox } from './start.js'

/** Options of `changes`. */
export interface ChangesOptions extends Abortable {
  /** Path of a 'copy' mount: what differs there. Default: what differs from the base. */
  readonly mount?: string | undefined
}

/** An isolated, bounded process tree with a file system of its own. */
export class Sandbox implements AsyncDisposable {
  readonly #started: Started
  #closed: Promise<void> | undefined
  #ended: Error | undefined
  readonly #ports: Ports
  readonly #opened = new OpenFiles()
  /** node:fs/promises on the sandbox's files, running or stopped. Never follows a link out. */
  readonly fs: SandboxFs

  private constructor(started: Started) {
    this.#started = started
    const { session, spec } = started
    const { running } = session
    this.fs = new SandboxFs({
      opened: this.#opened,
      ask: (request, base) => (this.#closed === undefined ? running.file(request, base ?? 'root') : Promise.reject(this.#closedError())),
      user: () => running.resolveUser(session.user),
    })
    this.#ports = new Ports(running)
    running.ended.then((error) => {
      if (this.#closed !== undefined) return
      this.#ended = error
      void this.#ports.close(error)
      running.events.emit('exit', { reason: error.message })
    })
    const { lifetimeMaxMs } = spec.limits
    if (lifetimeMaxMs !== undefined) setTimeout(() => this.#expire(lifetimeMaxMs), lifetimeMaxMs).unref()
  }

  /** Makes one; resolves when its root is built and it takes commands.
   *  @throws TypeError | RangeError naming a wrong option; UnsupportedError for what cannot be enforced here; SyscallError */
  static async create(options?: SandboxOptions): Promise<Sandbox> {
    return new Sandbox(await startSandbox(options))
  }

  /** Creates, runs one command, closes. */
  static async run(command: Command, options: SandboxOptions & RunOptions = {}): Promise<RunResult> {
    const given = optionsObject(options, 'Sandbox.run')
    const isShared = (key: string) => ['env', 'cwd', 'user'].includes(key)
    const entries = Object.entries(given)
    const isRun = (key: string) => RUN_OPTIONS.includes(key) && key !== 'signal' && !isShared(key)
    const sandbox = await Sandbox.create(Object.fromEntries(entries.filter(([key]) => !isRun(key))) as SandboxOptions)
    try {
      return await sandbox.run(command, Object.fromEntries(entries.filter(([key]) => isRun(key) || key === 'signal')) as RunOptions)
    } finally {
      await sandbox.close()
    }
  }

  /** What this host can enforce, found out by trying. */
  static async probe(options?: Abortable): Promise<IsolationReport> {
    const { signal } = callOptions(options, 'Sandbox.probe')
    return untilAborted((await backend()).probe(), signal)
  }

  /** Wraps one that was started elsewhere in api/. @internal */
  static wrap(started: Started): Sandbox {
    return new Sandbox(started)
  }

  get id(): string {
    return this.#started.session.running.id
  }
  /** How each mechanism and limit is enforced. */
  get isolation(): IsolationReport {
    return this.#started.session.running.isolation
  }
  /** Where the time of its start went. */
  get timings(): { phase: string; durationMs: number }[] {
    return [...this.#started.session.running.timings]
  }

  /** Runs a command to its end. A non-zero exit, a signal, a time-out are results. Left out: the image's entrypoint and cmd.
   *  @throws SyscallError when it cannot be started; ExitError with `reject` */
  run(command: Command | undefined, options: RunOptions & { encoding: 'buffer' }): Promise<RunResult<Buffer>>
  run(command?: Command, options?: RunOptions): Promise<RunResult>
  async run(command?: Command, options?: RunOptions): Promise<RunResult | RunResult<Buffer>> {
    this.#checkOpen()
    return this.#started.session.run(command, options)
  }

  /** Starts a command; resolves when the program runs, rejects when it cannot. stdin is an open pipe. */
  async spawn(command?: Command, options?: SpawnOptions): Promise<SandboxProcess> {
    this.#checkOpen()
    return this.#started.session.spawn(command, options)
  }

  /** What it uses now. */
  async stats(options?: Abortable): Promise<SandboxStats> {
    callOptions(options, 'stats')
    this.#checkOpen()
    return this.#started.session.running.stats()
  }

  /** Stops every process where it is. */
  async pause(options?: Abortable): Promise<void> {
    const { signal } = callOptions(options, 'pause')
    this.#checkOpen()
    const { running } = this.#started.session
    const wasFrozen = running.isFrozen
    await untilAborted(running.freeze(), signal, () => {
      if (!wasFrozen) running.thaw().catch((error: Error) => process.emitWarning(error))
    })
  }

  /** Lets them go on. */
  async resume(options?: Abortable): Promise<void> {
    callOptions(options, 'resume')
    this.#checkOpen()
    await this.#started.session.running.thaw()
  }

  /** What differs from the base (or, with `mount`, in a 'copy' mount), sorted by path. */
  async *changes(options?: ChangesOptions): AsyncGenerator<Change> {
    const { mount, signal } = callOptions(options, 'changes', ['mount'])
    if (this.#closed !== undefined) throw this.#closedError()
    for await (const change of this.#started.session.running.changes(mount)) {
      signal?.throwIfAborted()
      yield change
    }
  }

  /** changes() as one new layer on the base image, in the store. */
  async commit(options?: CommitOptions): Promise<Image> {
    const given = callOptions(options, 'commit', ['tag', 'author', 'message', 'config'])
    if (this.#closed !== undefined) throw this.#closedError()
    return commitChanges(this.#started, this.changes(), given)
  }

  /** `count` sandboxes with the same files, no processes, and separate writes from now on. Each outlives this one.
   *  Aborted, those that are made already are closed. */
  async fork<N extends number>(count: N, options?: Abortable): Promise<Forks<Sandbox, N>> {
    const { signal } = callOptions(options, 'fork')
    if (!Number.isSafeInteger(count) || count < 1 || count > 10_000)
      throw new RangeError(`fork: count must be an integer from 1 to 10000, not ${count}`)
    if (this.#closed !== undefined) throw this.#closedError()
    return forkSandbox(this.#started, { count, signal }, Sandbox.wrap)
  }

  /** Signals every process. Default SIGKILL. Files stay: fs, changes(), commit(), fork() go on. */
  async kill(signal: NodeJS.Signals = 'SIGKILL', options?: Abortable): Promise<void> {
    const number = signalNumber(signal)
    callOptions(options, 'kill')
    this.#checkOpen()
    this.#started.session.running.killAll(number)
  }

  /** A TCP connection to a port inside, with no route and no privilege needed. It ends with the sandbox.
   *  @throws RangeError; SyscallError, `ECONNREFUSED` when nothing listens there */
  async connect(port: number, options?: Abortable): Promise<Duplex> {
    this.#checkOpen()
    return this.#ports.connect(port, options)
  }

  /** Resolves when a port inside takes connections or, with `http`, answers that path with a status of 200 to 299.
   *  @throws RangeError; TimeoutError after `timeoutMs`, default 60 s */
  async waitForPort(port: number, options?: WaitForPortOptions): Promise<void> {
    this.#checkOpen()
    return this.#ports.waitForPort(port, options)
  }

  /** A port of the host that leads to one inside; on 127.0.0.1, and any free one, unless told otherwise. Closed with the sandbox.
   *  @throws RangeError; SyscallError, `EADDRINUSE` when the host's port is taken */
  async publish(port: number, options?: PublishOptions): Promise<PublishedPort> {
    this.#checkOpen()
    return this.#ports.publish(port, options)
  }

  /** Ends everything; leaves no process, mount, cgroup, directory or fd behind. Twice is fine. */
  close(): Promise<void> {
    this.#closed ??= this.#end()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  on<K extends keyof SandboxEvents>(event: K, listener: (...args: SandboxEvents[K]) => void): this {
    this.#started.session.running.events.on(event, listener)
    return this
  }
  once<K extends keyof SandboxEvents>(event: K, listener: (...args: SandboxEvents[K]) => void): this {
    this.#started.session.running.events.once(event, listener)
    return this
  }
  off<K extends keyof SandboxEvents>(event: K, listener: (...args: SandboxEvents[K]) => void): this {
    this.#started.session.running.events.off(event, listener)
    return this
  }

  async #end(): Promise<void> {
    await Promise.all([this.#opened.close(), this.#ports.close(this.#closedError()), this.#started.session.running.close()])
    await this.#started.release?.()
  }

  #expire(max: number): void {
    if (this.#closed !== undefined) return
    const { events } = this.#started.session.running
    events.emit('limit', { limit: 'lifetimeMaxMs', value: max, max })
    events.emit('exit', { reason: `its lifetime of ${max} ms is over` })
    // Whoever calls later is told by ERR_CLOSED; the promise itself has nobody who waits.
    this.close().catch((error: Error) => process.emitWarning(error))
  }

  #closedError(): ClosedError {
    return new ClosedError('the sandbox is closed', { remedy: 'create a new one' })
  }

  #checkOpen(): void {
    if (this.#closed !== undefined) throw this.#closedError()
    if (this.#ended !== undefined) throw this.#ended
  }
}
