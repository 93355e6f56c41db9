// What a platform must bring: everything above it is the same on all of them.
import type { Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import type { LayeredHive } from '../hive/index.js'
import type { Change } from '../layer/index.js'
import type { ReceivedStep, Step } from '../native/index.js'
import type { HiddenPlace, Lowers } from '../rootfs/index.js'
import type { Events } from './events.js'
import type { UserSpec } from './option-checks.js'
import type { SandboxSpec } from './spec.js'
import type { IsolationReport, SandboxStats, TerminalSize } from './types.js'

/** How a process ended. */
export interface ProcessExit {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly oomKilled: boolean
  readonly cpuUserUs: number
  readonly cpuSystemUs: number
  readonly memoryPeakBytes: number
}

/** One command to be started. Everything is decided: nothing here has a default. */
export interface SpawnRequest {
  readonly argv: readonly string[]
  /** Complete but for HOME, which is the user's unless it is here. Undefined: not set at all. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly user: UserSpec
  readonly mergeStderr: boolean
  /** Whether stdin is a pipe; else it is empty. */
  readonly hasStdin: boolean
  /** Instead of pipes: a terminal of this size, for all three. */
  readonly terminal: TerminalSize | undefined
}

/** A started command. */
export interface RawProcess {
  readonly pid: number
  readonly stdin: Writable | undefined
  readonly stdout: Readable
  readonly stderr: Readable | undefined
  /** Of its terminal, where it has one. Does nothing when it has ended. */
  readonly resize: ((size: TerminalSize) => void) | undefined
  /** Rejects when the sandbox was lost, and nobody can tell how the command ended. */
  readonly exit: Promise<ProcessExit>
  /** False when it has ended. */
  kill(signal: number): boolean
  /** SIGKILL for it and everything that descends from it. */
  killTree(): void
}

/** Below which directory a file request works: the root as processes see it, or the directory of uppers. */
export type FileBase = 'root' | 'upper'

/** What a file request came to: the answer's ints (after the errno), its strings, a descriptor. */
export interface FileAnswer {
  readonly ints: readonly bigint[]
  readonly strings: readonly Uint8Array[]
  readonly fd: number | undefined
  /** For a scan: one step for each entry. */
  readonly entries: readonly ReceivedStep[]
}

/** A sandbox that runs. */
export interface RunningSandbox {
  readonly id: string
  readonly isolation: IsolationReport
  readonly timings: readonly { readonly phase: string; readonly durationMs: number }[]
  /** Resolves with the reason when the sandbox ends without `close`. */
  readonly ended: Promise<Error>
  /** Where the platform tells of limits and denials; 'exit' is told above it. */
  readonly events: Events
  spawn(request: SpawnRequest): Promise<RawProcess>
  /** `base`: a name, or the descriptor of a file or directory of this sandbox. */
  file(request: Step, base: FileBase | number): Promise<FileAnswer>
  /** Ids of a user, by the sandbox's own files where it is a name. */
  resolveUser(user: UserSpec): Promise<{ readonly uid: number; readonly gid: number }>
  /** A TCP socket where the sandbox's processes have theirs, not yet connected. `allowHalfOpen` as in node:net. */
  socket(isIpv6: boolean, allowHalfOpen: boolean): Promise<Socket>
  killAll(signal: number): void
  stats(): SandboxStats
  /** Stops every process, and lets them go on. */
  readonly isFrozen: boolean
  freeze(): Promise<void>
  thaw(): Promise<void>
  changes(mount: string | undefined): AsyncIterable<Change>
  /** Copies what was written so far into an empty host directory: a snapshot that others can stand on. Resolves to what removes it. */
  snapshot(directory: string): Promise<() => Promise<void>>
  close(): Promise<void>
}

/** Where a sandbox's root comes from, below api/. */
export type RootInput =
  | { readonly kind: 'host'; readonly layers?: Lowers | undefined }
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'lowers'; readonly lowers: Lowers }
  /** Windows: an image that is written out for each sandbox. `isHost`: its layers sit on the host's own files. */
  | {
      readonly kind: 'tree'
      readonly isHost: boolean
      write(directory: string, signal: AbortSignal | undefined): Promise<{ readonly links: number }>
    }

/** What a platform needs besides the specification. */
export interface StartInput {
  /** Windows: registry keys that the sandbox sees as these views. */
  readonly registry?: Readonly<Record<string, LayeredHive>> | undefined
  readonly root: RootInput
  /** Snapshots of other sandboxes on the same root, oldest first. */
  readonly snapshots: readonly string[]
  /** A new directory on disk for the scratch, when the spec asks for it or the kernel's tmpfs cannot do. Removed by the sandbox. */
  scratchDirectory(): Promise<string>
  /** The directory of a named cache, made when absent; each way in which ids stand on disk has its own. */
  cacheDirectory(name: string, idMode: 'root' | 'sub' | 'single'): Promise<string>
  /** What no mount may show: stores. */
  hiddenPlaces(): HiddenPlace[]
  /** A private copy of /etc on disk, made once. */
  etcCopy(): Promise<string>
}

/** One platform's sandboxes. */
export interface Backend {
  /** Which form of unpacked layers it mounts. */
  idMode(): 'root' | 'sub' | 'single'
  start(spec: SandboxSpec, input: StartInput, signal: AbortSignal | undefined): Promise<RunningSandbox>
  probe(): Promise<IsolationReport>
}
