// One running sandbox on Linux.
import { chownSync, closeSync, constants, openSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Socket } from 'node:net'
import { ClosedError, type StrataError } from '../../core/index.js'
import type { Change } from '../../layer/index.js'
import { native, OP, type Step, step } from '../../native/index.js'
import { type OverlayTree, readChanges } from '../../rootfs/index.js'
import type { FileAnswer, FileBase, RawProcess, RunningSandbox, SpawnRequest } from '../backend.js'
import { Events } from '../events.js'
import { normalMountPath } from '../mount-options.js'
import type { UserSpec } from '../option-checks.js'
import { syscallName } from '../seccomp/index.js'
import type { SandboxSpec } from '../spec.js'
import type { IsolationReport, SandboxStats } from '../types.js'
import { boundScratch } from './bound-scratch.js'
import { type CgroupPlan, oomKillCount, readStats } from './cgroup/index.js'
import type { DiskBound } from './disk-bound.js'
import { fallbackLimits } from './fallback.js'
import { untilFrozen } from './freeze.js'
import type { LinuxHost } from './host.js'
import { type ResolvedUser, resolveUser, USER_DATABASE_MAX_BYTES } from './ids.js'
import { closeHandOuts, type HandOuts, type InitClient } from './init-client.js'
import { LimitWatch } from './limit-watch.js'
import { readSmallFile } from './read-small-file.js'
import { type SpawnContext, spawnCommand } from './spawn.js'

/** What a started sandbox holds. */
export interface SandboxParts {
  readonly id: string
  readonly number: number
  readonly host: LinuxHost
  readonly spec: SandboxSpec
  readonly cgroup: CgroupPlan
  readonly trees: readonly OverlayTree[]
  /** What it stands on, if it is a fork. Oldest first. */
  readonly snapshots: readonly string[]
  readonly init: InitClient
  readonly handOuts: HandOuts
  readonly isolation: IsolationReport
  readonly timings: readonly { readonly phase: string; readonly durationMs: number }[]
  readonly ended: Promise<Error>
  readonly scratchDirectory: string | undefined
  /** Lets go of layers. */
  release(): Promise<void>
}

/** PID 1's life, seen from Node. */
export class LinuxSandbox implements RunningSandbox {
  readonly #parts: SandboxParts
  readonly events = new Events()
  #closed: Promise<void> | undefined
  #isFrozen = false
  #spawnContext: SpawnContext
  readonly #limits: LimitWatch
  readonly #disk: DiskBound | undefined

  constructor(parts: SandboxParts) {
    this.#parts = parts
    const { host, init, spec, cgroup, number } = parts
    this.#spawnContext = {
      init,
      spec,
      idKind: host.ids.mode,
      idBase: host.lease?.start,
      fallback: fallbackLimits(cgroup.isolation, spec),
      userNamespace: (uid, gid) => host.supervisor.userNamespace(number, uid, gid),
      oomKills: () => (this.#closed === undefined ? oomKillCount(cgroup) : 0),
      starting: () => this.#disk?.wake(),
      ended: (exit) => this.#limits.ended(exit),
    }
    init.onDenied = (number, count) => this.events.emit('denied', { kind: 'syscall', what: syscallName(number), count })
    const tmpfs = parts.scratchDirectory === undefined ? parts.handOuts.upper : undefined
    this.#limits = new LimitWatch({ spec, cgroup, events: this.events, tmpfs })
    this.#disk = boundScratch(parts, this.events, {
      isOpen: () => this.#closed === undefined,
      isFrozen: () => this.#isFrozen,
      freeze: () => this.freeze(),
      thaw: () => this.thaw(),
    })
    parts.ended.then(() => {
      // Nothing of a sandbox works any more without its supervisor: what it held here goes at once.
      if (!host.supervisor.isAlive) this.close().catch((error: Error) => process.emitWarning(error))
    })
  }

  get id(): string {
    return this.#parts.id
  }
  get isolation(): IsolationReport {
    return this.#parts.isolation
  }
  get timings(): SandboxParts['timings'] {
    return this.#parts.timings
  }
  get ended(): Promise<Error> {
    return this.#parts.ended
  }

  async spawn(request: SpawnRequest): Promise<RawProcess> {
    return spawnCommand(this.#spawnContext, request, await this.resolveUser(request.user))
  }

  /** Ids of a user, by the sandbox's own files where it is a name. */
  async resolveUser(user: UserSpec): Promise<ResolvedUser> {
    if (typeof user === 'object') return { ...user, groups: [], home: user.uid === 0 ? '/root' : '/' }
    const [passwd, group] = await Promise.all(['/etc/passwd', '/etc/group'].map((path) => this.#text(path)))
    return resolveUser(user, passwd as string, group as string)
  }

  async #text(path: string): Promise<string> {
    try {
      const { fd } = await this.file(step(OP.fsOpen, [0, 0, 0, 0], path), 'root')
      return readSmallFile(fd as number, USER_DATABASE_MAX_BYTES + 1)
    } catch (error) {
      if (['ENOENT', 'ENOTDIR', 'ENXIO', 'ELOOP', 'EISDIR'].includes((error as StrataError).code)) return ''
      throw error
    }
  }

  async file(request: Step, base: FileBase | number): Promise<FileAnswer> {
    const helper = await this.#parts.host.files()
    if (this.#closed !== undefined) throw new ClosedError('the sandbox is closed')
    const { root, upper } = this.#parts.handOuts
    return helper.request(request, base === 'root' ? root : base === 'upper' ? upper : base)
  }

  async socket(isIpv6: boolean, allowHalfOpen: boolean): Promise<Socket> {
    const { host, spec, number } = this.#parts
    if (spec.network === 'host') return new Socket({ allowHalfOpen })
    // From the supervisor, not from PID 1: what runs inside has no say in what is handed out.
    const fd = await host.supervisor.socket(number, isIpv6)
    try {
      return new Socket({ fd, allowHalfOpen, readable: true, writable: true })
    } catch (error) {
      native().close(fd)
      throw error
    }
  }

  killAll(signal: number): void {
    this.#parts.init.signalAll(signal)
  }

  stats(): SandboxStats {
    const {
      cpuUsageUs = 0,
      memoryBytes = 0,
      memoryPeakBytes = 0,
      pids = 0,
      ioReadBytes = 0,
      ioWriteBytes = 0,
    } = readStats(this.#parts.cgroup)
    return { cpuUsageUs, memoryBytes, memoryPeakBytes, pids, ioReadBytes, ioWriteBytes }
  }

  get isFrozen(): boolean {
    return this.#isFrozen
  }

  async freeze(): Promise<void> {
    const { freezer } = this.#parts.cgroup
    this.#isFrozen = true
    if (freezer === undefined) return this.#parts.init.signalAll(19)
    writeFileSync(freezer.path, freezer.frozen)
    await untilFrozen(freezer)
  }

  async thaw(): Promise<void> {
    const { freezer } = this.#parts.cgroup
    if (freezer === undefined) this.#parts.init.signalAll(18)
    else writeFileSync(freezer.path, freezer.thawed)
    this.#isFrozen = false
  }

  changes(mount: string | undefined): AsyncIterable<Change> {
    const place = mount === undefined ? undefined : normalMountPath(mount)
    const trees = this.#parts.trees.filter((tree) => tree.mount === place)
    if (trees.length === 0) throw new TypeError(`changes: ${JSON.stringify(mount)} is not a mount with access 'copy'`)
    const layers = [...this.#parts.snapshots].reverse()
    return readChanges(trees, 1 + layers.length, (request, layer) => this.#inLayer(request, layers[layer - 1]))
  }

  /** Of the upper directories, or a snapshot's. Opened for each request: contents are asked for when the reader is at another place long since. */
  async #inLayer(request: Step, snapshot: string | undefined): Promise<FileAnswer> {
    if (snapshot === undefined) return this.file(request, 'upper')
    const fd = openSync(snapshot, constants.O_RDONLY | constants.O_DIRECTORY)
    try {
      return await this.file(request, fd)
    } finally {
      closeSync(fd)
    }
  }

  async snapshot(directory: string): Promise<() => Promise<void>> {
    const { handOuts, host } = this.#parts
    const remove = host.supervisor.removeAtEnd(directory)
    try {
      if (host.lease !== undefined) chownSync(directory, host.lease.start, host.lease.start)
      const to = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY)
      try {
        await (await host.files()).request(step(OP.fsCopyTree), handOuts.upper, to)
      } finally {
        closeSync(to)
      }
      return remove
    } catch (error) {
      await remove()
      throw error
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#end()
    return this.#closed
  }

  async #end(): Promise<void> {
    const { host, init, handOuts, number, cgroup, scratchDirectory } = this.#parts
    // First of all, because this is what takes long.
    const closing = host.supervisor.close(number)
    init.close(new ClosedError('the sandbox was closed'))
    this.#limits.close()
    const watched = this.#disk?.close()
    // A frozen task of v1 does not see its SIGKILL until it is thawed; on v2 this is harmless.
    if (cgroup.freezer !== undefined && this.#isFrozen) this.#thawQuietly(cgroup.freezer.path, cgroup.freezer.thawed)
    await Promise.all([closing, watched, closeHandOuts(handOuts)])
    host.blanks.closed()
    // Else the supervisor has removed it, as the root of the namespace whose ids its files have.
    if (!host.supervisor.isAlive && scratchDirectory !== undefined) await rm(scratchDirectory, { recursive: true, force: true })
    await this.#parts.release()
  }

  #thawQuietly(path: string, thawed: string): void {
    try {
      writeFileSync(path, thawed)
    } catch (error) {
      // The group is gone with its last process already.
      if (!['ENOENT', 'ENODEV'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }
}
