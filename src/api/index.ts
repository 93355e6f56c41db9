export type { BuildCommitOptions, BuildEvent, CopyOptions, ImageBuilder, RunStepOptions, WriteOptions } from '../builder/index.js'
export type { Amount, Repaired, StoreProblem, StoreUsage, Trimmed } from '../content/index.js'
export {
  type Abortable,
  ClosedError,
  DigestMismatchError,
  ExitError,
  FormatError,
  FsError,
  RegistryError,
  StrataError,
  SyscallError,
  TimeoutError,
  UnsupportedError,
} from '../core/index.js'
export type { Change, Image, ImageConfig, ImageIndex, Layer, LayerEntry, Manifest, Platform } from '../image/index.js'
export type { RegistryAuth } from '../registry/index.js'
export type { SandboxFs } from '../sandbox/fs/index.js'
export type {
  Command,
  Env,
  IoLimit,
  IsolationEntry,
  IsolationReport,
  Limits,
  Mount,
  NetworkOptions,
  PublishedPort,
  PublishOptions,
  RunOptions,
  RunResult,
  SandboxEvents,
  SandboxProcess,
  SandboxStats,
  SeccompProfile,
  SpawnOptions,
  TerminalSize,
  WaitForLineOptions,
  WaitForPortOptions,
} from '../sandbox/index.js'
export type { RegistriesSettings, RegistrySettings, TransferEvent } from '../transfer/index.js'
export type { CommitOptions } from './commit.js'
export type { Forks, Tuple } from './fork.js'
export { SandboxPool, type SandboxPoolOptions } from './pool.js'
export { type ChangesOptions, Sandbox } from './sandbox.js'
export type { SandboxOptions } from './start.js'
export { Store } from './store.js'
export type { LoadSource, SaveTarget } from './store-archive.js'
export type { Saved, SaveOptions, StoreOptions } from './store-options.js'
export type { PullRule, PushOptions, TransferOptions } from './store-transfer.js'
