// Linux capabilities by name and number. Source: capabilities(7), linux/capability.h.

// In the order of their numbers, 0 to 40.
const NAMES = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_DAC_READ_SEARCH',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETPCAP',
  'CAP_LINUX_IMMUTABLE',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_BROADCAST',
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_IPC_LOCK',
  'CAP_IPC_OWNER',
  'CAP_SYS_MODULE',
  'CAP_SYS_RAWIO',
  'CAP_SYS_CHROOT',
  'CAP_SYS_PTRACE',
  'CAP_SYS_PACCT',
  'CAP_SYS_ADMIN',
  'CAP_SYS_BOOT',
  'CAP_SYS_NICE',
  'CAP_SYS_RESOURCE',
  'CAP_SYS_TIME',
  'CAP_SYS_TTY_CONFIG',
  'CAP_MKNOD',
  'CAP_LEASE',
  'CAP_AUDIT_WRITE',
  'CAP_AUDIT_CONTROL',
  'CAP_SETFCAP',
  'CAP_MAC_OVERRIDE',
  'CAP_MAC_ADMIN',
  'CAP_SYSLOG',
  'CAP_WAKE_ALARM',
  'CAP_BLOCK_SUSPEND',
  'CAP_AUDIT_READ',
  'CAP_PERFMON',
  'CAP_BPF',
  'CAP_CHECKPOINT_RESTORE',
] as const

/** A capability's full name. */
export type CapabilityName = (typeof NAMES)[number]

const NUMBERS: ReadonlyMap<string, number> = new Map(NAMES.map((name, number) => [name, number]))

/** All names, in the order of their numbers. */
export const capabilityNames: readonly CapabilityName[] = NAMES

/** What a root inside keeps unless told otherwise: what installing packages and dropping privileges takes, on the sandbox's own files, ids and
 *  processes only. Beside docker's set NET_RAW (ping works without), MKNOD and AUDIT_WRITE (both without effect in a user namespace) are left out. */
export const defaultCapabilities: readonly CapabilityName[] = Object.freeze<CapabilityName[]>([
  // Files of any mapped owner: what tar, install and package managers need.
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  // rpm and dpkg set file capabilities; those are worth nothing outside the user namespace.
  'CAP_SETFCAP',
  // Services that start as root and go on as their own user, and inits that stop them.
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETPCAP',
  'CAP_KILL',
  // Privilege separation (sshd, postfix). The root is pivoted: there is nothing to climb out to.
  'CAP_SYS_CHROOT',
  'CAP_NET_BIND_SERVICE',
])

/** The full name for `CHOWN`, `CAP_CHOWN` or `cap_chown`. @throws TypeError for an unknown one */
export function capabilityName(name: string): CapabilityName {
  const upper = name.toUpperCase()
  const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`
  const number = NUMBERS.get(full)
  if (number === undefined) throw new TypeError(`unknown capability '${name}' (see capabilities(7) for the names)`)
  return NAMES[number] as CapabilityName
}

/** The number of a capability, 0 to 40. @throws TypeError for an unknown one */
export const capabilityNumber = (name: string): number => NUMBERS.get(capabilityName(name)) as number

const MASKS = new WeakMap<readonly string[], bigint>()

/** The bit set of `names`, as in `CapEff` of proc(5). @throws TypeError for an unknown one */
export function capabilityMask(names: readonly string[]): bigint {
  const known = MASKS.get(names)
  if (known !== undefined) return known
  const mask = names.reduce((bits, name) => bits | (1n << BigInt(capabilityNumber(name))), 0n)
  if (Object.isFrozen(names)) MASKS.set(names, mask)
  return mask
}
