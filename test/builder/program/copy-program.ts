// Places what programFiles lists in a directory, as an image's layer would be.
import { chmodSync, copyFileSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { ProgramFile } from '../../../src/builder/program/index.js'

/** Writes every entry below `root`, an empty directory. Entries come parents first, so nothing is made that is not listed. */
export function copyProgram(files: readonly ProgramFile[], root: string): void {
  for (const file of files) {
    const at = join(root, file.path)
    if (file.kind === 'symlink') {
      symlinkSync(file.target, at)
      continue
    }
    if (file.kind === 'directory') mkdirSync(at)
    else copyFileSync(file.source, at)
    chmodSync(at, file.mode)
  }
}
