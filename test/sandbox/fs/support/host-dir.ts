// A directory of the host for one test, and what is in it.
import { execFileSync } from 'node:child_process'
import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Removed when the test has finished. */
export function hostDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'stratabox-fs-'))
  onTestFinished(() => {
    // Copies of directories without write permission.
    execFileSync('chmod', ['-R', 'u+rwX', path])
    rmSync(path, { recursive: true, force: true })
  })
  return path
}

/** Path → what it is: text of a file, `-> target`, `dir`; with permission bits. (Node's own recursive readdir follows links.) */
export function snapshot(directory: string, below = ''): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of readdirSync(join(directory, below)).sort()) {
    const relative = join(below, name)
    const path = join(directory, relative)
    const info = lstatSync(path)
    const mode = (info.mode & 0o7777).toString(8)
    if (info.isSymbolicLink()) found[relative] = `-> ${readlinkSync(path)}`
    else if (info.isFile()) found[relative] = `${mode} ${readFileSync(path, 'utf8')}`
    else found[relative] = `${mode} ${info.isDirectory() ? 'dir' : 'special'}`
    if (info.isDirectory()) Object.assign(found, snapshot(directory, relative))
  }
  return found
}
