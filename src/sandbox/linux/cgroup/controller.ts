// What one controller makes of the limits: the files to write and the truth about each limit. One file per controller implements this.
import type { CgroupHierarchy, CgroupLimits, IsolationReport } from './types.js'

/** Files are named without their directory. */
export interface ControllerPlan {
  readonly writes: readonly { readonly file: string; readonly text: string }[]
  readonly isolation: IsolationReport
}

/** A controller of either version. */
export interface Controller {
  /** v1 and v2 names differ for block devices. */
  readonly name: Record<1 | 2, string>
  /** The limits it carries. */
  readonly limits: readonly (keyof CgroupLimits)[]
  /** What a group in `hierarchy`, which has this controller, is to be given. Called only with at least one of its limits set. */
  plan(limits: CgroupLimits, hierarchy: CgroupHierarchy): ControllerPlan
}
