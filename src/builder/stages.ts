// Builders that others copy from: each is built once, all at the same time, and none outlives the build that asked for it.
import type { Image } from '../image/index.js'
import type { BuildEvent } from './event.js'
import type { CommitSpec } from './options.js'

/** A builder as something to copy from. */
export interface Stage {
  readonly build: (spec: CommitSpec, stages: Stages) => Promise<Image>
}

/** What the stages of one commit share. */
export class Stages {
  readonly #images = new Map<Stage, Promise<Image>>()

  constructor(
    readonly spec: CommitSpec,
    readonly abort: AbortController,
  ) {}

  /** Begins to build, unless that has begun. */
  begin(stage: Stage): void {
    if (this.#images.has(stage)) return
    const number = this.#images.size + 1
    const onEvent = (event: BuildEvent) => this.spec.onEvent({ ...event, stage: number })
    // Its layers go nowhere: compressing them would be for nothing. Its base may be of another platform than the image.
    const spec: CommitSpec = { ...this.spec, tag: undefined, platform: undefined, compression: 'none', onEvent, signal: this.abort.signal }
    const image = stage.build(spec, this)
    this.#images.set(stage, image)
    // Whoever copies from it is told as well; what it fails for ends the rest at once.
    image.catch((error: unknown) => this.abort.abort(error))
  }

  /** The finished image. @throws what its build failed with */
  image(stage: Stage): Promise<Image> {
    this.begin(stage)
    return this.#images.get(stage)!
  }

  /** Waits until nothing is under way any more. */
  async settled(): Promise<void> {
    // A stage may begin others until its own end.
    for (let count = -1; count !== this.#images.size; ) {
      count = this.#images.size
      await Promise.allSettled(this.#images.values())
    }
  }
}

/** Runs a build with stages. When it ends, however it does, they have ended. */
export async function withStages<T>(spec: CommitSpec, work: (stages: Stages, signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController()
  const onAbort = () => abort.abort(spec.signal?.reason)
  spec.signal?.addEventListener('abort', onAbort, { once: true })
  if (spec.signal?.aborted === true) onAbort()
  const stages = new Stages(spec, abort)
  try {
    return await work(stages, abort.signal)
  } catch (error) {
    abort.abort(error)
    throw error
  } finally {
    await stages.settled()
    spec.signal?.removeEventListener('abort', onAbort)
  }
}
