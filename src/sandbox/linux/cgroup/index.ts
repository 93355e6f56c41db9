// Control groups: what the host has, what a sandbox needs, what it used.
export { type PrepareCgroupsOptions, prepareCgroups } from './delegate.js'
export { type DetectCgroupsOptions, detectCgroups } from './detect.js'
export { resolveDevices, wholeDisk } from './device.js'
export { nodeCgroupFs } from './fs.js'
export { planCgroups } from './plan.js'
export { eventsFiles, oomKillCount, pidsDeniedCount, processCount, readStats } from './stats.js'
export { findGroups, sweepDirectories } from './sweep.js'
export type {
  CgroupFs,
  CgroupGroup,
  CgroupHierarchy,
  CgroupHost,
  CgroupLimits,
  CgroupPlan,
  CgroupStats,
  CgroupWrite,
  IoLimit,
  IsolationEntry,
  IsolationReport,
} from './types.js'
