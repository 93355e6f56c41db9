// A directory of the host for one test, and what is in it.
import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Removed when the test has finished. */
export function hostDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'stratabox-fs-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** Path → what it is: text of a file, `-> target`, `dir`; with permission bits. */
export function snapshot(directory: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(directory, name)
    const info = lstatSync(path)
    const what = info.isSymbolicLink()
      ? `-> ${readlinkSync(path)}`
      : info.isDirectory()
        ? 'dir'
        : info.isFile()
          ? readFileSync(path, 'utf8')
          : 'special'
    found[name] = info.isSymbolicLink() ? what : `${(info.mode & 0o7777).toString(8)} ${what}`
  }
  return found
}
