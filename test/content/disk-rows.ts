// A tree on disk as the rows of the corpus: what treewalk.py of ../shared/corpus/images writes.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { decodePath, encodePath } from '../../src/core/index.js'
import { native } from '../../src/native/index.js'

/** One path. Names are bytes as latin-1. */
export interface Row {
  path: string
  type: string
  mode?: string
  uid?: number
  gid?: number
  size?: number
  sha256?: string
  mtime?: number
  mtime_ns?: number
  target?: string
  rdev?: number[]
  xattrs?: Record<string, string>
  hl?: string
}

const TYPES = new Map([
  [0o100000, 'file'],
  [0o040000, 'dir'],
  [0o120000, 'symlink'],
  [0o020000, 'char'],
  [0o060000, 'block'],
  [0o010000, 'fifo'],
])
const latin1 = (path: string) => Buffer.from(encodePath(path)).toString('latin1')
const AT_FDCWD = -100

/** The owner may read a file whatever its mode, after changing it. */
function contentOf(at: Uint8Array, mode: number): Uint8Array {
  if (process.getuid?.() === 0 || (mode & 0o400) !== 0) return readFileSync(Buffer.from(at))
  native().fchmodat(AT_FDCWD, at, 0o600)
  try {
    return readFileSync(Buffer.from(at))
  } finally {
    native().fchmodat(AT_FDCWD, at, mode)
  }
}

/** All paths below `root`, by path. */
export function rowsOf(root: string): Map<string, Row> {
  const rows = new Map<string, Row>()
  const inodes = new Map<string, Row[]>()
  const walk = (path: string): void => {
    const at = encodePath(`${root}${path}`)
    const stat = native().fstatat(AT_FDCWD, at)
    const type = TYPES.get(stat.mode & 0o170000) ?? 'socket'
    const mtime = stat.mtimeNs / 1_000_000_000n - (stat.mtimeNs % 1_000_000_000n < 0n ? 1n : 0n)
    const row: Row = {
      path: latin1(path === '' ? '/' : path),
      type,
      mode: `0o${(stat.mode & 0o7777).toString(8)}`,
      uid: stat.uid,
      gid: stat.gid,
      mtime: Number(mtime),
      mtime_ns: Number(stat.mtimeNs - mtime * 1_000_000_000n),
    }
    if (type === 'file') {
      row.size = Number(stat.size)
      row.sha256 = createHash('sha256')
        .update(contentOf(at, stat.mode & 0o7777))
        .digest('hex')
    }
    if (type === 'symlink') row.target = Buffer.from(native().readlinkat(AT_FDCWD, at)).toString('latin1')
    if (type === 'char' || type === 'block') row.rdev = [stat.rdevMajor, stat.rdevMinor]
    if (type !== 'dir' && stat.nlink > 1) inodes.set(String(stat.ino), [...(inodes.get(String(stat.ino)) ?? []), row])
    const xattrs = native()
      .listxattr(AT_FDCWD, at)
      .filter((name) => !name.startsWith('trusted.overlay.'))
    if (xattrs.length > 0)
      row.xattrs = Object.fromEntries(xattrs.map((name) => [name, Buffer.from(native().getxattr(AT_FDCWD, at, name)!).toString('hex')]))
    rows.set(row.path, row)
    if (type !== 'dir') return
    const fd = native().openat2(AT_FDCWD, at, 0o200000, 0, 0)
    const names = native().readdir(fd).map(decodePath)
    native().close(fd)
    for (const name of names) walk(`${path}/${name}`)
  }
  walk('')
  for (const group of inodes.values()) {
    if (group.length > 1) for (const row of group) row.hl = group.map(({ path }) => path).sort()[0]!
  }
  return rows
}

/** The rows of a file of the corpus. */
export function rowsIn(path: string): Map<string, Row> {
  const lines = readFileSync(path, 'utf8').trim().split('\n')
  return new Map(lines.map((line) => JSON.parse(line) as Row).map((row) => [row.path, row]))
}
