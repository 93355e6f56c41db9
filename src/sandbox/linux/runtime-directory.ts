// Where a process keeps what must be found again after it was killed: lease files, and the empty directory its sandboxes mount over (each in its
// own mount namespace, so nothing ever shows there).
import { randomBytes } from 'node:crypto'
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { native } from '../../native/index.js'
import { lockFile } from './locked-file.js'

/** This process's place, and what it holds locked. */
export interface RuntimeDirectory {
  /** The common directory of this user: 0700, the user's own. */
  readonly path: string
  /** `PID-random`: the prefix of this process's control groups. */
  readonly id: string
  /** This process's own directory. */
  readonly own: string
  /** Locked as long as the supervisor lives, who is to get it. */
  readonly lock: number
}

const isMine = (path: string): boolean => {
  const found = lstatSync(path, { throwIfNoEntry: false })
  return found?.isDirectory() === true && found.uid === process.geteuid?.() && (found.mode & 0o077) === 0
}

function candidates(): string[] {
  const runtime = process.env['XDG_RUNTIME_DIR']
  const home = homedir()
  return [
    // First, whatever the environment says: root's ranges of ids are leased here, and two processes that look in two places would take the same.
    ...(process.geteuid?.() === 0 ? ['/run/stratabox'] : []),
    ...(runtime?.startsWith('/') === true ? [join(runtime, 'stratabox')] : []),
    ...(home.startsWith('/') ? [join(home, '.local', 'state', 'stratabox', 'run')] : []),
  ]
}

function commonDirectory(): string {
  for (const path of candidates()) {
    try {
      mkdirSync(path, { recursive: true, mode: 0o700 })
    } catch (error) {
      if (!['EACCES', 'EROFS', 'ENOENT', 'ENOTDIR', 'EPERM', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
      continue
    }
    if (isMine(path)) return path
  }
  // Nobody can find this one again after a kill; but a fixed name in a public directory could be somebody else's (CVE-2019-12439).
  return mkdtempSync(join(tmpdir(), 'stratabox-'))
}

/** Takes this process's place in the runtime directory. */
export function takeRuntimeDirectory(): RuntimeDirectory {
  const path = commonDirectory()
  const id = `${process.pid}-${randomBytes(4).toString('hex')}`
  const own = join(path, id)
  // It gets its name when it is locked: before, whoever sweeps would take it for a dead process's.
  const making = join(path, `.making-${id}`)
  mkdirSync(making, { mode: 0o700 })
  const lock = lockFile(join(making, 'lock'))
  if (lock === undefined) throw new Error('a lock file made just now is locked')
  mkdirSync(join(making, 'mount'), { mode: 0o700 })
  renameSync(making, own)
  return { path, id, own, lock }
}

/** Notes the directories that hold this process's control groups, for whoever sweeps after it. */
export const noteGroups = (runtime: RuntimeDirectory, parents: readonly string[]): void =>
  writeFileSync(join(runtime.own, 'groups'), JSON.stringify(parents), { mode: 0o600 })

/** The lock of a dead process; undefined where it lives, or somebody else has just swept it. */
function lockDead(path: string): number | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) === undefined ? undefined : lockFile(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return undefined
  }
}

/** Ends what dead supervisors of this user left: `sweep` gets each one's id and its groups' parents, and says whether all is gone; then its directory
 *  goes too. */
export async function sweepDead(
  runtime: RuntimeDirectory,
  sweep: (id: string, groupParents: readonly string[]) => Promise<boolean>,
): Promise<void> {
  for (const id of readdirSync(runtime.path)) {
    if (id === runtime.id || !/^\d+-[0-9a-f]{8}$/.test(id)) continue
    const directory = join(runtime.path, id)
    const lock = lockDead(join(directory, 'lock'))
    if (lock === undefined) continue
    try {
      const groups = lstatSync(join(directory, 'groups'), { throwIfNoEntry: false })
      const parents = groups === undefined ? [] : (JSON.parse(readFileSync(join(directory, 'groups'), 'utf8')) as string[])
      if (await sweep(id, parents)) rmSync(directory, { recursive: true, force: true })
    } finally {
      native().close(lock)
    }
  }
}
