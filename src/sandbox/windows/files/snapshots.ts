// What a fork stands on: a copy of another sandbox's files, and what of them differs from the base. Forks are made in the process of the sandbox.
import type { Baseline } from './baseline.js'

/** The files of a sandbox as they were. */
export interface SnapshotFiles {
  readonly baseline: Baseline
  /** Names below the root that differ from it, as the baseline has them. */
  readonly changed: ReadonlySet<string>
}

const known = new Map<string, SnapshotFiles>()

/** Remembers a snapshot by its directory until it is removed. */
export function keepSnapshot(directory: string, files: SnapshotFiles): void {
  known.set(directory, files)
}

/** @throws TypeError for a directory that is none */
export function snapshotFiles(directory: string): SnapshotFiles {
  const files = known.get(directory)
  if (files === undefined) throw new TypeError(`not a snapshot of this process: ${directory}`)
  return files
}

/** Forgets it. */
export function forgetSnapshot(directory: string): void {
  known.delete(directory)
}
