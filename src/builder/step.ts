// Steps as values: what a builder has recorded, already checked. Nothing in them has run.
import type { ExecutionConfig } from '../image/index.js'
import type { Command } from '../sandbox/index.js'
import type { RegistryEdits } from '../windows-layer/index.js'
import type { OwnerSpec } from './owner.js'
import type { RunStepOptions } from './run-step.js'
import type { Stage, Stages } from './stages.js'
import type { CopySpec } from './steps/copy.js'
import type { CopySource } from './steps/copy-source.js'

/** What a copy is opened with: the build that it is a step of. */
export interface SourceContext {
  readonly stages: Stages
  readonly signal: AbortSignal | undefined
}

/** Opens what a copy reads from, when the step's turn has come. */
export type OpenSource = (context: SourceContext) => Promise<CopySource>

/** One step. `name` is what events and the image's history call it: it must not depend on the machine. */
export type BuildStep = { readonly name: string } & (
  | {
      readonly kind: 'copy'
      readonly open: OpenSource
      readonly stage?: Stage
      readonly spec: Omit<CopySpec, 'owner'>
      readonly owner: OwnerSpec
    }
  | { readonly kind: 'program'; readonly paths: readonly string[] }
  | {
      readonly kind: 'write'
      readonly path: string
      readonly content: Uint8Array
      readonly mode: number
      readonly owner: OwnerSpec
    }
  | { readonly kind: 'remove'; readonly path: string }
  | { readonly kind: 'registry'; readonly edits: RegistryEdits }
  | { readonly kind: 'run'; readonly command: Command; readonly options: RunStepOptions }
  | { readonly kind: 'config'; readonly edit: (config: ExecutionConfig) => ExecutionConfig }
)
