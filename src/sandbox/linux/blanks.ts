// Children made ahead of their sandboxes: in new namespaces, with everything that is the same for all of them. What is left to do when a sandbox is asked
// for is its own: root, mounts, limits. Each becomes one sandbox, or none.
import { type CgroupHost, type CgroupPlan, planCgroups } from './cgroup/index.js'
import { type PlanHost, planBlank } from './plan.js'
import type { Supervisor } from './supervisor.js'

// Two, so that programs which start two at a time find one each: they cost about as much memory as two idle sandboxes.
const KEPT = 2
// A program that has closed its last sandbox has nothing of them any more soon after.
const LINGER_MS = 1000

/** A child that waits. */
export interface Blank {
  /** The sandbox's, if it becomes one. */
  readonly id: string
  /** With the supervisor. */
  readonly number: number
  /** Its groups. */
  readonly cgroup: CgroupPlan
}

/** What they are made of. */
export interface BlankParts {
  readonly supervisor: Supervisor
  readonly plan: PlanHost
  nextId(): string
  cgroups(): CgroupHost
}

/** Keeps some ready from the second sandbox on, as long as there are sandboxes. */
export class Blanks {
  readonly #parts: BlankParts
  readonly #ready: Blank[] = []
  #opened = 0
  #open = 0
  #linger: NodeJS.Timeout | undefined
  readonly #plan: ReturnType<typeof planBlank>

  constructor(parts: BlankParts) {
    this.#parts = parts
    this.#plan = planBlank(parts.plan)
  }

  /** One that waits, or undefined. */
  take(): Blank | undefined {
    return this.#ready.shift()
  }

  /** A sandbox has been started. */
  opened(): void {
    this.#open++
    // A program with one sandbox in its life needs none.
    if (++this.#opened < 2) return
    // After whoever waits for the sandbox has it: while its first command runs, the supervisor has nothing else to do.
    setImmediate(() => this.#refill())
  }

  /** A sandbox was closed. */
  closed(): void {
    if (--this.#open > 0 || this.#ready.length === 0) return
    this.#linger ??= setTimeout(() => this.#end(), LINGER_MS).unref()
    this.#linger.refresh()
  }

  #refill(): void {
    const { supervisor, nextId, cgroups } = this.#parts
    if (this.#open === 0) return
    while (this.#ready.length < KEPT && supervisor.isAlive) {
      const id = nextId()
      const cgroup = planCgroups({}, cgroups(), id)
      const forget = () => this.#drop(blank)
      const number = supervisor.reserve({ exited: forget, failed: forget, lost: forget })
      const blank: Blank = { id, number, cgroup }
      this.#ready.push(blank)
      supervisor.createBlank(number, this.#plan(cgroup))
    }
  }

  /** Ends one that nobody has taken. */
  #drop(blank: Blank): void {
    const at = this.#ready.indexOf(blank)
    if (at >= 0) this.#ready.splice(at, 1)
    this.close(blank)
  }

  /** Ends one. */
  close({ number }: Blank): void {
    this.#parts.supervisor.close(number).catch((error: Error) => process.emitWarning(error))
  }

  #end(): void {
    this.#linger = undefined
    if (this.#open > 0) return
    for (const blank of this.#ready.splice(0)) this.close(blank)
  }
}
