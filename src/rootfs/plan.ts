// A root file system as steps for the supervisor and for the child that becomes PID 1. The child works in its private scratch directory until the pivot.
import { OP, type Step, step } from '../native/index.js'

/** Mount attributes. Source: mount_setattr(2). */
export const ATTR = { readOnly: 1, noSuid: 2, noDev: 4, noExec: 8 } as const

/** How a tree is cloned: with all that is mounted below it; only while no part of its path is a link. */
export const HOW = { recursive: 1, noLinks: 2 } as const

/** One overlay of the root or of a 'copy' mount: where it is, where its writes are, what is below. */
export interface OverlayTree {
  /** Path inside; in a mount, of the mount. */
  readonly path: string
  /** Path inside of the 'copy' mount that it belongs to; undefined: the root. */
  readonly mount?: string
  /** What the one file that is shown of it is called inside; undefined: all is shown. */
  readonly shownAs?: string
  /** Name of its directory in the sandbox's upper directory. */
  readonly upper: string
  /** Host directories, lowest first. Empty for the skeleton of a host root. */
  readonly lowers: readonly string[]
  /** Names below the lowers that a mask hides, relative. */
  readonly masked: readonly string[]
}

/** What it takes to build one root. */
export interface RootPlan {
  /** For the supervisor, before the clone. */
  readonly prepare: readonly Step[]
  /** For the child, in the scratch directory; at the end `root` is the mounted root. */
  readonly build: readonly Step[]
  readonly trees: readonly OverlayTree[]
  readonly isWritable: boolean
  /** What the caller should know: undefined when everything is as asked. */
  readonly degraded?: { readonly how: string; readonly why: string; readonly remedy: string }
  /** Lets go of the layers. */
  release(): Promise<void>
}

/** Slot numbers of the plan's fds. */
export const SLOT = {
  base: 0,
  layers: 1,
  scratch: 2,
  proc: 3,
  dev: 4,
  tmp: 5,
  node: 6,
  pts: 7,
  secrets: 8,
  mounts: 10,
  hostTrees: 60,
  snapshots: 80,
} as const

/** How a directory of the host becomes a tree of the sandbox: by the supervisor with its ids mapped (root host), or by the child as it is. */
export interface TreeSource {
  readonly isIdmapped: boolean
}

/** Steps that put the tree at host path `path` into `slot`. */
export function openTree(
  source: TreeSource,
  slot: number,
  path: string,
  options: { how: number; attributes?: number },
): { prepare: Step[]; build: Step[] } {
  const attributes = options.attributes ?? 0
  return source.isIdmapped
    ? { prepare: [step(OP.openTree, [slot, options.how, 1, attributes], path)], build: [] }
    : { prepare: [], build: [step(OP.tree, [slot, options.how, attributes], path)] }
}

/** The private parts of an overlay: `scratch` leads from the working directory to the scratch directory ('' or '../'). */
export interface Upper {
  readonly name: string
  readonly mode: number
  readonly scratch: string
  /** How many snapshots lie between it and the lowers. */
  readonly snapshots: number
}

// mount(2). Neither has a use inside: no_new_privs makes setuid bits idle, and devices of a user namespace's files cannot be opened.
const MS_NOSUID = 2
const MS_NODEV = 4

/** Steps that mount an overlay at `target`; `lowers` topmost first, like `target` relative to the working directory. */
export function overlay(target: string, lowers: readonly string[], { name, mode, scratch, snapshots }: Upper): Step[] {
  const between = Array.from({ length: snapshots }, (_, k) => `${scratch}s${k}/${name}`).reverse()
  const options = `lowerdir=${[...between, ...lowers].join(':')},upperdir=${scratch}u/${name},workdir=${scratch}w/${name},userxattr`
  return [
    step(OP.mkdir, [mode], `${scratch}u/${name}`),
    step(OP.mkdir, [0o755], `${scratch}w/${name}`),
    step(OP.overlay, [MS_NOSUID | MS_NODEV], target, options),
  ]
}
