// The public shapes of a sandbox: options, results, reports. Units stand in the names; the contract's texts are in docs/sandbox.md.
import type { Readable } from 'node:stream'
import type { Abortable } from '../core/index.js'
import type { Image } from '../image/index.js'
import type { IoLimit } from './linux/cgroup/index.js'
import type { SeccompProfile } from './seccomp/index.js'

/** Environment variables; undefined leaves one out, so `process.env` fits. */
export type Env = Readonly<Record<string, string | undefined>>

/** An argument list, or a line for the shell (`/bin/sh -c`; on Windows `cmd /d /s /c`). */
export type Command = readonly string[] | string

/** Something shown at a path inside that is not in the image. */
export type Mount =
  | {
      /** A host path, with all that is mounted below it. Not one that shows the store or the host's /proc. */
      readonly source: string
      /** `copy`: writes go to the sandbox's private layer, the source stays as it is. Default 'read'. */
      readonly access?: 'read' | 'copy' | 'write' | undefined
    }
  /** Empty, writable for all, in memory. `sizeMaxBytes`: default within `diskMaxBytes`, with the other writes. */
  | { readonly tmpfs: true; readonly sizeMaxBytes?: number | undefined }
  /** A directory in the store, writable for all and shared by every sandbox and build of this store that names it, also at the same time. */
  | { readonly cache: string }
  /** A file of mode 0400 in memory: in no layer, cache key, change or log. */
  | { readonly secret: string | Uint8Array }

/** What a network may be reached by; not supported yet. */
export interface NetworkOptions {
  readonly allow?: readonly string[] | undefined
  readonly join?: unknown
  readonly hosts?: Readonly<Record<string, string>> | undefined
  readonly dns?: readonly string[] | undefined
}

/** Bounds. Each is enforced or refused before anything starts; undefined: none. */
export interface Limits {
  /** Memory of all processes and of scratch in memory, in bytes, at least 1 MiB. Past it the kernel kills, and `result.oomKilled` is true. */
  readonly memoryMaxBytes?: number | undefined
  /** Swap beyond it, in bytes. Default 0 when memory is limited. */
  readonly swapMaxBytes?: number | undefined
  /** In cores: 0.5 is half of one. */
  readonly cpusMax?: number | undefined
  /** Share under contention, 1 to 10,000; 100 is everybody's. */
  readonly cpuWeight?: number | undefined
  /** Processes and threads, PID 1 not counted. */
  readonly pidsMax?: number | undefined
  /** Rates by disk. @throws RangeError for a path that is not there; UnsupportedError for one that is on no disk */
  readonly ioMax?: readonly IoLimit[] | undefined
  /** Bytes that may be written to the private layer, at least 64 KiB. Scratch in memory: the tmpfs' size, by default the smaller of 1 GiB and half of
   *  `memoryMaxBytes`. On disk: watched while something runs, and past it every process is killed; default: no limit. */
  readonly diskMaxBytes?: number | undefined
  /** Largest file, RLIMIT_FSIZE; a write past it is SIGXFSZ. */
  readonly fileSizeMaxBytes?: number | undefined
  /** Open files of each process, RLIMIT_NOFILE. */
  readonly openFilesMax?: number | undefined
  /** The sandbox closes itself after this many milliseconds. */
  readonly lifetimeMaxMs?: number | undefined
}

/** What became of one mechanism or limit. */
export interface IsolationEntry {
  readonly status: 'enforced' | 'degraded' | 'refused' | 'off'
  readonly how: string
  readonly why?: string
  readonly remedy?: string
}

/** By mechanism (`user`, `net`, `seccomp` …) or limit (`memoryMaxBytes` …). */
export type IsolationReport = Record<string, IsolationEntry>

/** Below api/: a root is a directory, the host's own system, or an image. */
export type RootSource =
  | { readonly kind: 'host' }
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'image'; readonly image: Image }

/** Options of a sandbox that are not about where its root comes from. */
export interface BaseSandboxOptions extends Abortable {
  readonly env?: Env | undefined
  readonly cwd?: string | undefined
  /** `name`, `uid`, `name:group`, `uid:gid`, or ids. Default: the image's, else root inside. */
  readonly user?: string | { readonly uid: number; readonly gid: number } | undefined
  readonly hostname?: string | undefined
  /** By absolute path inside, which is made if absent. */
  readonly mounts?: Readonly<Record<string, Mount>> | undefined
  /** Where writes go. 'memory': a tmpfs. 'disk': the store. Default 'memory'. */
  readonly scratch?: 'memory' | 'disk' | undefined
  /** 'none': loopback only. Default 'none'. */
  readonly network?: 'none' | 'host' | NetworkOptions | undefined
  readonly limits?: Limits | undefined
  /** Kept by root inside; see docs/sandbox.md for the default. */
  readonly capabilities?: readonly string[] | undefined
  readonly seccomp?: 'default' | 'unconfined' | SeccompProfile | undefined
  readonly isolation?: 'namespaces' | 'job' | 'none' | undefined
  /** Default 'refuse': an UnsupportedError before anything starts. */
  readonly onUnenforceable?: 'refuse' | 'degrade' | undefined
}

/** How large a terminal is, in characters: 1 to 65,535 each. */
export interface TerminalSize {
  readonly columns: number
  readonly rows: number
}

/** One call's options. */
export interface SpawnOptions extends Abortable {
  readonly env?: Env | undefined
  readonly cwd?: string | undefined
  readonly user?: string | { readonly uid: number; readonly gid: number } | undefined
  /** 'merge': into stdout, in order. */
  readonly stderr?: 'merge' | undefined
  /** Give it a terminal of its own: stdin, stdout and stderr are that terminal (so `stderr` has nothing), ending stdin types the end-of-file character, and
   *  TERM is `xterm` unless it is set. `true`: 80 columns, 24 rows. Default: pipes. */
  readonly pty?: boolean | TerminalSize | undefined
  /** Put the image's entrypoint before the arguments. Default false. */
  readonly entrypoint?: boolean | undefined
  /** Kills the process and its descendants after this many milliseconds. */
  readonly timeoutMs?: number | undefined
  /** Kept of each stream, in bytes; what is beyond is dropped and the program runs on. Default 16 MiB. */
  readonly maxOutputBytes?: number | undefined
  readonly encoding?: 'utf8' | 'buffer' | undefined
}

/** Options of `run`. */
export interface RunOptions extends SpawnOptions {
  /** stdin; default: empty. */
  readonly input?: string | Uint8Array | Readable | AsyncIterable<Uint8Array> | undefined
  /** Reject with ExitError unless it succeeded. Default false. */
  readonly reject?: boolean | undefined
}

/** What a finished command left. */
export interface RunResult<T = string> {
  readonly command: readonly string[]
  /** Exit code 0, no signal, no time-out. */
  readonly ok: boolean
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: T
  readonly stderr: T
  readonly timedOut: boolean
  readonly oomKilled: boolean
  /** Whether output beyond `maxOutputBytes` was dropped. */
  readonly truncated: boolean
  readonly durationMs: number
  readonly usage: { readonly cpuUserUs: number; readonly cpuSystemUs: number; readonly memoryPeakBytes: number }
}

/** What a sandbox uses now; 0 where nothing counts it. */
export interface SandboxStats {
  readonly cpuUsageUs: number
  readonly memoryBytes: number
  readonly memoryPeakBytes: number
  readonly pids: number
  readonly ioReadBytes: number
  readonly ioWriteBytes: number
}
