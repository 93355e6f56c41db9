// What a `run` step needs of the rooms above: a sandbox over the image so far. api/ injects it, so nothing here starts a process.
import type { Image } from '../image/index.js'
import type { Change } from '../layer/index.js'
import type { Command, Env, Limits, Mount, NetworkOptions } from '../sandbox/index.js'

/** Options of `ImageBuilder.run`. */
export interface RunStepOptions {
  readonly env?: Env | undefined
  readonly user?: string | { readonly uid: number; readonly gid: number } | undefined
  readonly cwd?: string | undefined
  readonly mounts?: Readonly<Record<string, Mount>> | undefined
  readonly network?: 'none' | 'host' | NetworkOptions | undefined
  readonly limits?: Limits | undefined
}

/** One command to run. */
export interface RunStepRequest {
  /** In the store, with all its layers. */
  readonly image: Image
  /** The image sits on the host's own system files. */
  readonly isHostBase: boolean
  readonly command: Command
  readonly options: RunStepOptions
  readonly onOutput: (stream: 'stdout' | 'stderr', text: string) => void
  readonly signal: AbortSignal | undefined
}

/** What the command left. */
export interface RunStepResult extends AsyncDisposable {
  /** What differs from the image; readable until disposed. */
  changes(): AsyncIterable<Change>
}

/** Runs one command in a fresh sandbox. @throws ExitError when it fails */
export type RunStep = (request: RunStepRequest) => Promise<RunStepResult>
