// What a commit tells while it goes on.

/** What happens during a commit. `start` and `done` come once a step; a step that changes the configuration alone has no layer. `stage` is missing for the
 *  steps of the image itself; those of the builders it copies from have a number, from 1, in the order in which they were begun. */
export type BuildEvent = { readonly stage?: number } & (
  | { readonly kind: 'start'; readonly index: number; readonly count: number; readonly name: string }
  | { readonly kind: 'output'; readonly index: number; readonly stream: 'stdout' | 'stderr'; readonly text: string }
  | {
      readonly kind: 'done'
      readonly index: number
      readonly name: string
      readonly cached: boolean
      readonly digest?: string
      /** Of the compressed layer. */
      readonly bytes?: number
      readonly durationMs: number
    }
)
