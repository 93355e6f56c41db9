// What a sandbox could leave on the machine, and what of it is there now: processes, mounts, cgroups, namespaces, our own open fds.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

/** Everything that counts, as readable lines; a difference of two is what was left (or what is not there any more). */
export function residue(): Set<string> {
  return new Set([...processes(), ...mounts(), ...groups()])
}

/** What is there now and was not before, waiting for what the kernel tears down on its own time. Empty: nothing was left behind.
 *  @param timeoutMs how long to wait for it to go; default 2 s */
export async function leftSince(before: ReadonlySet<string>, timeoutMs = 2000): Promise<string[]> {
  for (const end = Date.now() + timeoutMs; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
    const left = [...residue()].filter((line) => !before.has(line))
    if (left.length === 0 || Date.now() > end) return left
  }
}

/** How many fds this process has open. */
export const openFds = (): number => readdirSync('/proc/self/fd').length - 1

/** Processes of this user that run the supervisor's image, or live in another PID or user namespace than we do. */
function processes(): string[] {
  const own = ['pid', 'user'].map((kind) => link('self', `ns/${kind}`))
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const exe = link(pid, 'exe')
      const foreign = ['pid', 'user'].some((kind, index) => ![undefined, own[index]].includes(link(pid, `ns/${kind}`)))
      return foreign || exe?.includes('stratabox-supervisor')
        ? [`process ${pid} ${exe ?? ''} ${read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')}`]
        : []
    })
}

const mounts = () =>
  read('/proc/self/mountinfo')
    .trim()
    .split('\n')
    .map((line) => `mount ${line}`)

function groups(top = '/sys/fs/cgroup'): string[] {
  return entries(top).flatMap((name) => [`cgroup ${join(top, name)}`, ...groups(join(top, name))])
}

// Processes and groups end while they are being read: what is gone is not residue.
const gone = (error: unknown) => ['ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'ENODEV'].includes((error as NodeJS.ErrnoException).code ?? '')

function unlessGone<T, U>(body: () => T, otherwise: U): T | U {
  try {
    return body()
  } catch (error) {
    if (!gone(error)) throw error
    return otherwise
  }
}

const link = (pid: string, name: string) => unlessGone(() => readlinkSync(`/proc/${pid}/${name}`), undefined)
const read = (path: string) => unlessGone(() => readFileSync(path, 'utf8'), '')
const entries = (path: string) =>
  unlessGone(
    () =>
      readdirSync(path, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name),
    [],
  )
