// What every operation of one view works on: the tree, the clock, and who is calling.
import type { Tree } from './tree.js'

/** Whose files new ones are, and who asks when permissions are enforced. */
export interface Credentials {
  readonly uid: number
  readonly gid: number
  readonly groups: readonly number[]
}

/** State and policy of one view. */
export interface Volume {
  readonly tree: Tree
  readonly credentials: Credentials
  /** Whether the caller has root's powers: always, unless permissions are enforced for another uid. */
  readonly privileged: boolean
  /** Bits taken from the mode of new files. */
  readonly umask: number
  nowNs(): bigint
}
