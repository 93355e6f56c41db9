// File quarantine: a directory of the sandbox's own with a copy of its root, the one place that its processes may write to (low integrity, and an ACL).
// Windows has no overlay for users: what the sandbox wrote is found by comparing.
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { removeTree } from '../../../content/index.js'
import type { Change } from '../../../layer/index.js'
import { native, type Step } from '../../../native/index.js'
import type { FileAnswer, FileBase, RootInput } from '../../backend.js'
import { normalMountPath } from '../../mount-options.js'
import { type Baseline, inheritBaseline, takeBaseline } from './baseline.js'
import { findChanges } from './changes.js'
import { CommandPaths } from './commands.js'
import { copyBelow } from './copy.js'
import { sameName } from './inside-path.js'
import { fillMount, insideMount, isMounted, outsideMounts, type PlacedMount } from './mounts.js'
import { fileRequest } from './requests.js'
import { secure } from './security.js'
import { forgetSnapshot, keepSnapshot, snapshotFiles } from './snapshots.js'
import { ifThere, openTop, removeAt, statAt } from './tree.js'

/** What a quarantine is made of. */
export interface QuarantineInput {
  /** A new directory of the store's, for this sandbox alone. */
  readonly scratch: string
  readonly root: RootInput
  readonly mounts: readonly PlacedMount[]
  readonly snapshots: readonly string[]
  /** The SID of the sandbox's container. */
  readonly container: string | undefined
}

const ROOT = 'root'
/** Where programs are told to put what is nobody's business: neither in changes() nor in a commit. */
const PRIVATE = 'private'
const FOLDERS = {
  TEMP: 'Temp',
  TMP: 'Temp',
  USERPROFILE: 'Home',
  APPDATA: 'Home\\AppData\\Roaming',
  LOCALAPPDATA: 'Home\\AppData\\Local',
} as const

/** Removes a directory and all below it, whatever its files are called. */
async function removeDirectory(path: string): Promise<void> {
  const parent = openTop(dirname(path))
  try {
    await removeTree(parent, path.slice(dirname(path).length).replace(/^[\\/]+/, ''))
  } finally {
    native().close(parent)
  }
}

/** Fills the root: with the files of the sandbox that was forked, of an image, of a directory, or with nothing. Resolves to links left out. */
async function fillRoot(root: string, { root: from, snapshots }: QuarantineInput, signal: AbortSignal | undefined): Promise<number> {
  const snapshot = snapshots.at(-1)
  if (snapshot !== undefined) return (await copyBelow(snapshot, root, () => false, signal)).links
  if (from.kind === 'tree') return (await from.write(root, signal)).links
  if (from.kind === 'directory') return (await copyBelow(from.path, root, () => false, signal)).links
  return 0
}

/** One sandbox's files. */
export class Quarantine {
  readonly commands: CommandPaths
  /** Whether the system keeps the label that bounds writes. */
  readonly isLabelled: boolean
  /** Links of the root that it has not. */
  readonly links: number
  readonly #scratch: string
  readonly #top: number
  readonly #mounts: readonly PlacedMount[]
  readonly #baseline: Baseline
  #isClosed = false

  private constructor(input: QuarantineInput, top: number, made: { isLabelled: boolean; links: number; baseline: Baseline }) {
    this.#scratch = input.scratch
    this.#mounts = input.mounts
    this.#top = top
    this.#baseline = made.baseline
    this.isLabelled = made.isLabelled
    this.links = made.links
    const { root } = input
    this.commands = new CommandPaths(join(input.scratch, ROOT), root.kind === 'directory' || (root.kind === 'tree' && !root.isHost))
  }

  /** Makes it. What was made is removed when that fails. @throws SyscallError | UnsupportedError; the signal's reason */
  static async make(input: QuarantineInput, signal: AbortSignal | undefined): Promise<Quarantine> {
    const root = join(input.scratch, ROOT)
    const from = input.snapshots.length === 0 ? undefined : snapshotFiles(input.snapshots.at(-1)!)
    let top: number | undefined
    try {
      const isLabelled = secure(input.scratch, input.container, 'low')
      await mkdir(root)
      for (const folder of Object.values(FOLDERS)) await mkdir(join(input.scratch, PRIVATE, folder), { recursive: true })
      let links = await fillRoot(root, input, signal)
      top = openTop(root)
      for (const mount of input.mounts) {
        // What was written to a copy is in the snapshot.
        if (from !== undefined && mount.kind === 'copy') continue
        if (ifThere(() => statAt(top!, mount.below)) !== undefined) removeAt(top, mount.below)
        links += await fillMount(root, mount, input.container, signal)
      }
      const baseline = from === undefined ? takeBaseline(top) : inheritBaseline(top, from.baseline, from.changed)
      return new Quarantine(input, top, { isLabelled, links, baseline })
    } catch (error) {
      if (top !== undefined) native().close(top)
      await removeDirectory(input.scratch)
      throw error
    }
  }

  /** What commands have in their environment before anything else. */
  get environment(): Record<string, string> {
    const folders = Object.entries(FOLDERS).map(([name, folder]) => [name, join(this.#scratch, PRIVATE, folder)])
    return { ...Object.fromEntries(folders), STRATABOX_ROOT: join(this.#scratch, ROOT) }
  }

  /** One file request, below the root or a descriptor. */
  request(step: Step, base: FileBase | number): FileAnswer {
    return fileRequest(step, typeof base === 'number' ? base : this.#top)
  }

  /** What differs from the root as it was made, or in a 'copy' mount from its source. @throws TypeError for what is no such mount */
  changes(mount: string | undefined): Change[] {
    if (mount === undefined) return findChanges(this.#top, this.#baseline, outsideMounts(this.#mounts))
    const place = this.#mounts.find(({ path, kind }) => path === normalMountPath(mount) && kind === 'copy')
    if (place === undefined) throw new TypeError(`changes: ${JSON.stringify(mount)} is not a mount with access 'copy'`)
    return findChanges(this.#top, this.#baseline, insideMount(place))
  }

  /** Copies all files into an empty directory. Resolves to what removes it. */
  async snapshot(directory: string): Promise<() => Promise<void>> {
    const all = findChanges(this.#top, this.#baseline, outsideMounts([]))
    const changed = new Set(all.map(({ path }) => sameName(path.slice(1))))
    await copyBelow(join(this.#scratch, ROOT), directory, isMounted(this.#mounts.filter(({ kind }) => kind !== 'copy')))
    keepSnapshot(directory, { baseline: this.#baseline, changed })
    return async () => {
      forgetSnapshot(directory)
      await removeDirectory(directory)
    }
  }

  /** Removes all of it. Twice is fine. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    native().close(this.#top)
    await removeDirectory(this.#scratch)
  }
}
