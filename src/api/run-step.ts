// How `run` steps of a build get their sandboxes: the sandbox side of api/ provides it when it is loaded, the store side asks for it.
// (A direct import would be a circle: a sandbox's root comes from a store.)
import type { RunStep } from '../builder/index.js'
import type { ContentStore } from '../content/index.js'

type RunSteps = (content: ContentStore) => RunStep
let provided: RunSteps | undefined

/** Called once by the module that starts sandboxes. */
export function provideRunStep(runSteps: RunSteps): void {
  provided = runSteps
}

/** What the `run` steps of builders on a store use; undefined where no sandboxes were loaded. */
export const providedRunStep = (content: ContentStore): RunStep | undefined => provided?.(content)
