// node:fs behind the few operations of CgroupFs.
import { closeSync, constants, mkdirSync, openSync, readdirSync, readFileSync, rmdirSync, statSync, writeSync } from 'node:fs'
import type { CgroupFs } from './types.js'

/** The real file system. */
export const nodeCgroupFs: CgroupFs = {
  mkdir: (path) => {
    mkdirSync(path, 0o755)
  },
  rmdir: (path) => rmdirSync(path),
  readdir: (path) => readdirSync(path, { withFileTypes: true }).map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() })),
  readFile: (path) => readFileSync(path, 'utf8'),
  // Not Node's default: without O_CREAT a file that the kernel does not have is ENOENT. Not 'r+' either: cgroup.kill is for writing only, which an
  // ordinary user meets as EACCES.
  writeFile: (path, text) => {
    const fd = openSync(path, constants.O_WRONLY)
    try {
      writeSync(fd, text)
    } finally {
      closeSync(fd)
    }
  },
  owner: (path) => statSync(path).uid,
}

/** The code of a failed operation, such as `EBUSY`. Anything that is no system error is thrown on. */
export function errorCode(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code
  if (typeof code !== 'string') throw error
  return code
}

/** A file's text, or undefined when it cannot be read. */
export function readIfThere(fs: CgroupFs, path: string): string | undefined {
  try {
    return fs.readFile(path)
  } catch (error) {
    errorCode(error)
    return undefined
  }
}
