// What of /proc is hidden and what is read-only, beyond what the user namespace refuses by itself. The lists: the runtime defaults of docker
// (moby, oci/defaults.go), and softirqs, which tells the same as interrupts.
import { lstatSync } from 'node:fs'
import { OP, type Step, step } from '../native/index.js'
import { ATTR, SLOT } from './plan.js'

/** Paths below /proc that show the machine: its devices, its keys, the timing of its keyboard and its network. */
export const MASKED = [
  'acpi',
  'asound',
  'interrupts',
  'kcore',
  'keys',
  'latency_stats',
  'sched_debug',
  'scsi',
  'softirqs',
  'timer_list',
  'timer_stats',
] as const

/** Paths below /proc that set the machine, or the sandbox's own namespaces. */
export const READ_ONLY = ['bus', 'fs', 'irq', 'mtrr', 'sys', 'sysrq-trigger'] as const

/** The paths among `names` that this kernel has, and whether each is a directory. */
function present(names: readonly string[], proc: string): { name: string; isDirectory: boolean }[] {
  return names.flatMap((name) => {
    const found = lstatSync(`${proc}/${name}`, { throwIfNoEntry: false })
    return found === undefined ? [] : [{ name, isDirectory: found.isDirectory() }]
  })
}

/** For the child in its scratch directory, with a new procfs in `SLOT.proc`: covers parts of it, and puts the whole back into the slot.
 *  What covers is an empty file and an empty directory of the scratch, never a path of the image (CVE-2025-31133). */
export function coverProc(proc = '/proc'): readonly Step[] {
  const attributes = ATTR.readOnly | ATTR.noSuid | ATTR.noDev | ATTR.noExec
  return [
    // It must be attached somewhere while it is covered; nobody is here yet who could exchange a path.
    step(OP.mkdir, [0o555], 'p'),
    step(OP.attach, [SLOT.proc, 2], 'p'),
    step(OP.mkdir, [0o555], 'pd'),
    step(OP.file, [0o444], 'pf', ''),
    ...present(MASKED, proc).flatMap(({ name, isDirectory }) => [
      step(OP.tree, [SLOT.node, 0, attributes], isDirectory ? 'pd' : 'pf'),
      step(OP.attachOver, [SLOT.node], `p/${name}`),
    ]),
    ...present(READ_ONLY, proc).flatMap(({ name }) => [
      step(OP.tree, [SLOT.node, 0, attributes], `p/${name}`),
      step(OP.attachOver, [SLOT.node], `p/${name}`),
    ]),
    step(OP.tree, [SLOT.proc, 1, 0], 'p'),
  ]
}
