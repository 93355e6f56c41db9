// Seccomp: profiles, the default one, and the compiler to classic BPF.
export { type CompileSeccompOptions, compileSeccomp } from './compile.js'
export { defaultProfile } from './default-profile.js'
export { asksForNotification, filterFlags } from './flags.js'
export { notifiedErrno, refuseUnanswered } from './notify.js'
export { syscallName } from './numbers.js'
export type {
  SeccompAction,
  SeccompArch,
  SeccompArgument,
  SeccompFilterConditions,
  SeccompOperator,
  SeccompProfile,
  SeccompRule,
} from './profile.js'
export { parseSeccompProfile } from './validate.js'
