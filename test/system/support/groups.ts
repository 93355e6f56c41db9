// The control groups that one program's sandboxes have on this machine.
import { type Dirent, readdirSync } from 'node:fs'

const depth = (folder: string) => folder.split('/').length - 3

/** Other programs' groups come and go. */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch (error) {
    if (['ENOENT', 'ENODEV'].includes((error as NodeJS.ErrnoException).code ?? '')) return []
    throw error
  }
}

/** Paths of the groups of the program `pid`. */
export const groupsOf = (pid: number, folder = '/sys/fs/cgroup'): string[] =>
  entriesOf(folder)
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) =>
      name.startsWith(`stratabox-${pid}-`) ? [`${folder}/${name}`] : depth(folder) < 4 ? groupsOf(pid, `${folder}/${name}`) : [],
    )
