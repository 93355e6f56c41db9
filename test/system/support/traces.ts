// All that the sandboxes of one program have on the machine, so that it can be looked for when they should be gone. Only of that program: other
// tests may have sandboxes at the same time.
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { descendants, isRunning, type ProcessRecord, processRecord } from '../../support/descendants.js'

const KINDS = ['user', 'mnt', 'pid', 'uts', 'ipc', 'net', 'cgroup']

/** What to look for. */
export interface Traces {
  /** The program's descendants, and whoever else is in a namespace of theirs. */
  readonly processes: readonly ProcessRecord[]
  /** Links such as `net:[4026532000]`. */
  readonly namespaces: readonly string[]
  /** `PID-random`: the name of its runtime directory, and the beginning of its control groups' names. */
  readonly runtimeId: string
  readonly home: string
}

function unlessGone<T>(read: () => T, otherwise: T): T {
  try {
    return read()
  } catch (error) {
    if (!['ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'ENODEV'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    return otherwise
  }
}

const namespacesOf = (pid: number | string): string[] =>
  KINDS.flatMap((kind) => unlessGone(() => [readlinkSync(`/proc/${pid}/ns/${kind}`)], []))

/** The traces of the program `pid` whose sandboxes have these ids. */
export function tracesOf(pid: number, ids: unknown, home: string): Traces {
  const below = descendants(pid)
  const own = new Set(namespacesOf('self'))
  const namespaces = new Set(below.flatMap((one) => namespacesOf(one.pid)).filter((link) => !own.has(link)))
  const others = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && !below.some((one) => one.pid === Number(name)))
    .filter((name) => namespacesOf(name).some((link) => namespaces.has(link)))
    .flatMap((name) => processRecord(Number(name)) ?? [])
  const first = String((ids as string[])[0])
  return { processes: [...below, ...others], namespaces: [...namespaces], runtimeId: first.slice(0, first.lastIndexOf('-')), home }
}

/** What must be gone at once, and is not. A namespace lives as long as the processes in it; its number does not tell, since the next one gets it. */
export function alive({ processes, runtimeId, home }: Traces): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  return [
    ...processes.filter(isRunning).map((one) => `process ${one.pid} ${one.name} ${namespacesOf(one.pid).join(' ')}`),
    ...mounts.filter((line) => line.includes(runtimeId) || line.includes(home)),
  ]
}

/** What must be gone by the next create, and is not. */
export const stored = (traces: Traces): string[] => [...groups(traces), ...runtimeDirectories(traces), ...scratchDirectories(traces)]

/** Control groups, in every hierarchy. */
export const groups = ({ runtimeId }: Traces): string[] =>
  groupsBelow('/sys/fs/cgroup').filter((path) => path.includes(`stratabox-${runtimeId}-`))

/** In the user's runtime directory, and root's. */
export const runtimeDirectories = ({ runtimeId, home }: Traces): string[] =>
  [join(home, 'run', 'stratabox', runtimeId), join('/run/stratabox', runtimeId)].filter((path) => unlessGone(() => existsSync(path), false))

/** Writable layers in the store. */
export function scratchDirectories({ home }: Traces): string[] {
  const folder = join(home, 'data', 'stratabox', 'sandboxes')
  return unlessGone(() => readdirSync(folder), []).map((name) => join(folder, name))
}

function groupsBelow(folder: string): string[] {
  const names = unlessGone(() => readdirSync(folder, { withFileTypes: true }), [])
  return names.filter((entry) => entry.isDirectory()).flatMap(({ name }) => [join(folder, name), ...groupsBelow(join(folder, name))])
}
