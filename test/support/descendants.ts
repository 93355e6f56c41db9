// Processes below a process, from /proc: proc_pid_stat(5).
import { readdirSync, readFileSync } from 'node:fs'

/** One process, told from a later one with the same number by its start. */
export interface ProcessRecord {
  readonly pid: number
  readonly parent: number
  readonly startedAt: string
  readonly name: string
}

/** The process with this number, or undefined when there is none (a zombie is none). */
export function processRecord(pid: number): ProcessRecord | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
  // The name stands in brackets and may hold brackets itself.
  const end = text.lastIndexOf(')')
  const fields = text.slice(end + 2).split(' ')
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined
  return { pid, parent: Number(fields[1]), startedAt: fields[19] as string, name: text.slice(text.indexOf('(') + 1, end) }
}

const BLANK = 'stratabox-blank'

/** Every process below `top`, however deep; not the children made ahead, which are no sandbox's and come and go by themselves. */
export const descendants = (top: number): ProcessRecord[] => below(top).filter(({ name }) => name !== BLANK)

/** Resolves when no child made ahead is left below `top`: a second after its last sandbox was closed. */
export const blanksGone = (top: number): Promise<boolean> => eventually(() => below(top).every(({ name }) => name !== BLANK))

function below(top: number): ProcessRecord[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => processRecord(Number(name)) ?? [])
  const under = (pid: number): ProcessRecord[] => all.filter(({ parent }) => parent === pid).flatMap((one) => [one, ...under(one.pid)])
  return under(top)
}

/** Whether exactly this process still runs. */
export const isRunning = ({ pid, startedAt }: ProcessRecord): boolean => processRecord(pid)?.startedAt === startedAt

/** Asks again until it is true; false when it is not after `timeoutMs`. */
export async function eventually(condition: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<boolean> {
  for (const end = Date.now() + timeoutMs; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
    if (await condition()) return true
    if (Date.now() > end) return false
  }
}
