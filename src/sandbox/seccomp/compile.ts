// Seccomp profiles to classic BPF programs. Source: seccomp(2), struct seccomp_data; linux/audit.h for architectures.
import { capabilityName } from '../capabilities.js'
import { RETURN_KILL_PROCESS } from './actions.js'
import { Assembler, OP } from './assemble.js'
import { behavioursOf, defaultValueOf } from './behaviour.js'
import { syscallNumbers } from './numbers.js'
import type { SeccompArch, SeccompProfile } from './profile.js'
import { rangesOf } from './ranges.js'
import { emitTree } from './tree.js'

const NUMBER_AT = 0
const ARCH_AT = 4
const AUDIT_ARCH: Record<SeccompArch, number> = { x64: 0xc000_003e, arm64: 0xc000_00b7 }

/** What a program is made for. */
export interface CompileSeccompOptions {
  readonly arch: SeccompArch
  /** The capabilities the program's user keeps, with or without `CAP_`; they settle `includes.caps` and `excludes.caps`. */
  readonly capabilities: readonly string[]
  /** Release as in uname(2), such as `6.1.0-18-amd64`, for `minKernel`. Default: every minimum is met. */
  readonly kernel?: string | undefined
}

function assemble(profile: SeccompProfile, options: CompileSeccompOptions): Uint8Array {
  const { arch, capabilities, kernel } = options
  const numbers = syscallNumbers(arch)
  const behaviours = behavioursOf(profile, numbers, { arch, capabilities: new Set(capabilities.map(capabilityName)), kernel })
  const ranges = rangesOf(behaviours, defaultValueOf(profile), Math.max(...numbers.values()))
  const program = new Assembler()
  const native = program.label()
  program.emit(OP.load, ARCH_AT)
  program.emit(OP.jumpEqual, AUDIT_ARCH[arch], native)
  program.emit(OP.ret, RETURN_KILL_PROCESS)
  program.place(native)
  program.emit(OP.load, NUMBER_AT)
  emitTree(program, ranges)
  return program.toBytes()
}

const COMPILED = new WeakMap<SeccompProfile, Map<string, Uint8Array>>()
// Most sandboxes have the very same list.
const LISTS = new WeakMap<readonly string[], string>()

function listKey(capabilities: readonly string[]): string {
  const key = LISTS.get(capabilities) ?? [...capabilities].sort().join()
  if (Object.isFrozen(capabilities)) LISTS.set(capabilities, key)
  return key
}

/** The program for a profile: an array of `struct sock_filter`, 8 bytes each, to be handed to seccomp(2) as it is. Calls through another
 *  architecture's entry (int 0x80) kill the process; x32 calls are ENOSYS. Programs are kept per profile object: change neither the profile nor
 *  the bytes. The profile must have passed `parseSeccompProfile`.
 *  @throws UnsupportedError past 4,096 instructions; TypeError for an unknown capability in `capabilities` */
export function compileSeccomp(profile: SeccompProfile, options: CompileSeccompOptions): Uint8Array {
  const programs = COMPILED.get(profile) ?? new Map<string, Uint8Array>()
  COMPILED.set(profile, programs)
  const key = `${options.arch} ${listKey(options.capabilities)} ${options.kernel ?? ''}`
  const bytes = programs.get(key) ?? assemble(profile, options)
  programs.set(key, bytes)
  return bytes
}
