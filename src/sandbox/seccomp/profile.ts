// Seccomp profiles as data: OCI runtime-spec, config-linux.md "Seccomp", with the extensions of docker's profile files (archMap, includes, excludes).

/** What happens to a call. Source: seccomp_rule_add(3). `SCMP_ACT_KILL` is `SCMP_ACT_KILL_THREAD`. */
export type SeccompAction =
  | 'SCMP_ACT_KILL'
  | 'SCMP_ACT_KILL_THREAD'
  | 'SCMP_ACT_KILL_PROCESS'
  | 'SCMP_ACT_TRAP'
  | 'SCMP_ACT_ERRNO'
  | 'SCMP_ACT_TRACE'
  | 'SCMP_ACT_ALLOW'
  | 'SCMP_ACT_LOG'
  | 'SCMP_ACT_NOTIFY'

/** How an argument is compared; all 64 bits, unsigned. `MASKED_EQ`: `(argument & value) == valueTwo`. */
export type SeccompOperator =
  | 'SCMP_CMP_NE'
  | 'SCMP_CMP_LT'
  | 'SCMP_CMP_LE'
  | 'SCMP_CMP_EQ'
  | 'SCMP_CMP_GE'
  | 'SCMP_CMP_GT'
  | 'SCMP_CMP_MASKED_EQ'

/** One comparison. The kernel reads many arguments as 32-bit: compare those with `MASKED_EQ` and the mask 0xffffffff, or high bits go round the rule. */
export interface SeccompArgument {
  /** Which argument, 0 to 5. */
  readonly index: number
  /** An unsigned 64-bit value; a bigint past 2^53. */
  readonly value: number | bigint
  /** Only for `SCMP_CMP_MASKED_EQ`. Default 0. */
  readonly valueTwo?: number | bigint | undefined
  readonly op: SeccompOperator
}

/** Conditions on the sandbox, settled when the profile is compiled; all that are given must hold. */
export interface SeccompFilterConditions {
  /** Capabilities, such as `CAP_SYS_ADMIN`. */
  readonly caps?: readonly string[] | null | undefined
  /** `amd64` (or `x86_64`), `arm64` (or `aarch64`); other names never match. */
  readonly arches?: readonly string[] | null | undefined
  /** `4.8`: this kernel or a newer one. */
  readonly minKernel?: string | undefined
}

/** What to do with some calls. Where several rules match a call the most restrictive action wins, as among filters in seccomp(2). */
export interface SeccompRule {
  /** Names this architecture does not have are passed over. */
  readonly names: readonly string[]
  readonly action: SeccompAction
  /** For `ERRNO` (1 to 4095; default EPERM) and `TRACE` (the message's data). */
  readonly errnoRet?: number | null | undefined
  /** All must hold; but when one index stands twice each comparison is a rule of its own, as in runc. Default: any arguments. */
  readonly args?: readonly SeccompArgument[] | null | undefined
  readonly includes?: SeccompFilterConditions | null | undefined
  readonly excludes?: SeccompFilterConditions | null | undefined
  readonly comment?: string | undefined
}

/** A profile in the JSON shape that docker, podman and the OCI runtime-spec share. */
export interface SeccompProfile {
  /** For calls without a matching rule. */
  readonly defaultAction: SeccompAction
  /** For the default action `ERRNO`. Default EPERM. */
  readonly defaultErrnoRet?: number | null | undefined
  /** Read, not followed: only the machine's own architecture gets in; i386 and x32 calls are refused whatever stands here. */
  readonly architectures?: readonly string[] | undefined
  readonly archMap?:
    | readonly { readonly architecture: string; readonly subArchitectures?: readonly string[] | null | undefined }[]
    | undefined
  readonly flags?: readonly string[] | undefined
  /** Not used: notifications come to this process. */
  readonly listenerPath?: string | undefined
  readonly listenerMetadata?: string | undefined
  readonly syscalls?: readonly SeccompRule[] | null | undefined
}

/** Architectures that programs can be made for, in Node's spelling. */
export type SeccompArch = 'x64' | 'arm64'
