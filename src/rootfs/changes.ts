// An overlay's upper directory as changes: char 0:0 and overlay.whiteout are deletions, overlay.opaque is an opaque directory.
// Source: Linux, Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories".
import { comparePaths, decodePath, joinPath } from '../core/index.js'
import type { Change, InodeEntry } from '../layer/index.js'
import { OP, type ReceivedStep, type Step, step } from '../native/index.js'
import { LowerLookup } from './lower-lookup.js'
import type { OverlayTree } from './plan.js'
import { readFd } from './read-fd.js'
import { SMALL_MAX_BYTES, SmallFiles } from './small-files.js'

/** What the file helper answers, as far as it is needed here. */
export interface UpperAnswer {
  readonly fd: number | undefined
  readonly entries: readonly ReceivedStep[]
  readonly ints: readonly bigint[]
}
/** `layer`: 0 the upper directories, from 1 the snapshots that a fork stands on, the latest first. */
type Ask = (request: Step, layer: number) => Promise<UpperAnswer>

const S_IFMT = 0o170000
const OVERLAY_XATTR = /^(user|trusted)\.overlay\./

interface Found {
  readonly name: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: bigint
  readonly nlink: number
  readonly ino: bigint
  readonly major: number
  readonly minor: number
  readonly mtimeNs: bigint
  readonly target: string
  readonly xattrs: Record<string, Uint8Array>
}

/** Extended attributes as the helper packs them: name, NUL, u32 length, value. */
export function xattrsOf(packed: Uint8Array): Record<string, Uint8Array> {
  const found: Record<string, Uint8Array> = {}
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length)
  for (let at = 0; at < packed.length; ) {
    const end = packed.indexOf(0, at)
    if (end < 0 || end + 5 > packed.length) break
    const length = view.getUint32(end + 1, true)
    found[decodePath(packed.subarray(at, end))] = packed.slice(end + 5, end + 5 + length)
    at = end + 5 + length
  }
  return found
}

function foundOf({ ints, strings }: ReceivedStep): Found {
  const int = (k: number) => Number(ints[k] ?? 0n)
  return {
    name: decodePath(strings[0] as Uint8Array),
    mode: int(1),
    uid: int(2),
    gid: int(3),
    size: ints[4] as bigint,
    nlink: int(5),
    ino: ints[6] as bigint,
    major: int(8),
    minor: int(9),
    mtimeNs: ints[10] as bigint,
    target: decodePath(strings[1] as Uint8Array),
    xattrs: xattrsOf(strings[2] as Uint8Array),
  }
}

const textAttribute = (found: Found, name: string): string | undefined => {
  const value = found.xattrs[`user.overlay.${name}`] ?? found.xattrs[`trusted.overlay.${name}`]
  return value === undefined ? undefined : decodePath(value)
}

/** One name in the writable layers of a tree that have it, the topmost first. */
type Stacked = readonly { readonly layer: number; readonly found: Found }[]

const isDirectory = ({ mode }: Found): boolean => (mode & S_IFMT) === 0o040000
const isOpaque = (found: Found): boolean => textAttribute(found, 'opaque') === 'y'
const isWhiteout = (found: Found): boolean =>
  ((found.mode & S_IFMT) === 0o020000 && found.major === 0 && found.minor === 0) || textAttribute(found, 'whiteout') !== undefined

class TreeReader {
  readonly #tree: OverlayTree
  readonly #ask: Ask
  readonly #lower: LowerLookup
  /** First path of each hard-linked inode. */
  readonly #links = new Map<string, string>()
  readonly #small: SmallFiles

  constructor(tree: OverlayTree, ask: Ask) {
    this.#tree = tree
    this.#ask = ask
    this.#lower = new LowerLookup(tree.lowers, tree.masked)
    this.#small = new SmallFiles(ask)
  }

  async *read(layers: number): AsyncGenerator<Change> {
    yield* this.#directory(
      '',
      Array.from({ length: layers }, (_, k) => k),
      false,
    )
  }

  /** `layers`: those whose directory of that name is part of what is seen, the topmost first. */
  async *#directory(relative: string, layers: readonly number[], isHidden: boolean): AsyncGenerator<Change> {
    const names = new Map<string, { layer: number; found: Found }[]>()
    for (const layer of layers) {
      const { entries } = await this.#ask(step(OP.fsScan, [1], this.#upperPath(relative)), layer)
      for (const found of entries.map(foundOf)) {
        const stack = names.get(found.name) ?? []
        stack.push({ layer, found })
        names.set(found.name, stack)
      }
    }
    for (const [name, stack] of [...names].sort(([a], [b]) => comparePaths(a, b)))
      yield* this.#entry(relative === '' ? name : `${relative}/${name}`, stack, isHidden)
  }

  async *#entry(relative: string, stack: Stacked, isHidden: boolean): AsyncGenerator<Change> {
    const path = joinPath(this.#tree.path, this.#tree.shownAs ?? relative)
    const [{ layer, found }] = stack as [Stacked[number]]
    const below = isHidden ? undefined : this.#lower.typeOf(relative)
    if (isWhiteout(found)) {
      // A file made and removed again leaves a whiteout over nothing.
      if (below !== undefined) yield { kind: 'delete', path }
      return
    }
    if (!isDirectory(found)) {
      const entry = this.#inode(path, relative, layer, found, false)
      // A socket is an address of a running process; no archive holds it.
      if (entry !== undefined) yield { kind: below === undefined ? 'add' : 'modify', path, entry }
      return
    }
    // A directory is merged with those below it, down to one that is opaque or something that is none.
    const end = stack.findIndex((one) => !isDirectory(one.found))
    const merged = end < 0 ? stack : stack.slice(0, end)
    const opaque = merged.findIndex((one) => isOpaque(one.found))
    const layers = (opaque < 0 ? merged : merged.slice(0, opaque + 1)).map((one) => one.layer)
    const covers = end >= 0 || opaque >= 0
    const entry = this.#inode(path, relative, layer, found, covers && below === 'directory') as InodeEntry
    yield { kind: below === undefined ? 'add' : 'modify', path, entry }
    yield* this.#directory(relative, layers, isHidden || covers || below !== 'directory')
  }

  #inode(path: string, relative: string, layer: number, found: Found, opaque: boolean): InodeEntry | undefined {
    const { uid, gid, mtimeNs } = found
    const xattrs = Object.fromEntries(Object.entries(found.xattrs).filter(([name]) => !OVERLAY_XATTR.test(name)))
    const base = { path, mode: found.mode & 0o7777, uid, gid, mtimeNs, xattrs }
    const type = found.mode & S_IFMT
    if (type !== 0o040000 && found.nlink > 1) {
      const first = this.#links.get(`${layer}:${found.ino}`)
      if (first !== undefined) return { ...base, type: 'hardlink', target: first }
      this.#links.set(`${layer}:${found.ino}`, path)
    }
    switch (type) {
      case 0o100000:
        return { ...base, type: 'file', size: Number(found.size), content: this.#contentOf(relative, layer, Number(found.size)) }
      case 0o040000:
        return opaque ? { ...base, type: 'directory', opaque } : { ...base, type: 'directory' }
      case 0o120000:
        return { ...base, type: 'symlink', target: found.target }
      case 0o010000:
        return { ...base, type: 'fifo' }
      case 0o020000:
      case 0o060000:
        return { ...base, type: type === 0o020000 ? 'char' : 'block', major: found.major, minor: found.minor }
      default:
        return undefined
    }
  }

  #contentOf(relative: string, layer: number, size: number): () => AsyncGenerator<Uint8Array> {
    const path = this.#upperPath(relative)
    if (size > SMALL_MAX_BYTES) return () => this.#opened(path, layer)
    const number = this.#small.add({ path, layer, size })
    return () => this.#read(number, path, layer)
  }

  async *#read(number: number, path: string, layer: number): AsyncGenerator<Uint8Array> {
    const found = await this.#small.content(number)
    if (found === undefined) yield* this.#opened(path, layer)
    else if (found.length > 0) yield found
  }

  async *#opened(path: string, layer: number): AsyncGenerator<Uint8Array> {
    const { fd } = await this.#ask(step(OP.fsOpen, [0, 0, 0, 0], path), layer)
    if (fd !== undefined) yield* readFd(fd)
  }

  #upperPath(relative: string): string {
    return relative === '' ? this.#tree.upper : `${this.#tree.upper}/${relative}`
  }
}

/** All changes, each tree's sorted by path, and the trees by theirs. `ask` works below the directory of uppers of each of the `layers`. */
export async function* readChanges(trees: readonly OverlayTree[], layers: number, ask: Ask): AsyncGenerator<Change> {
  // Trees lie beside each other (/etc, /usr …) or at '/', so a merge by path keeps the whole sorted.
  const iterators = trees.map((tree) => new TreeReader(tree, ask).read(layers))
  const heads = await Promise.all(iterators.map((iterator) => iterator.next()))
  for (;;) {
    let least = -1
    for (const [k, head] of heads.entries()) {
      if (head.done === true) continue
      const best = least < 0 ? undefined : (heads[least] as IteratorYieldResult<Change>).value.path
      if (best === undefined || comparePaths(head.value.path, best) < 0) least = k
    }
    if (least < 0) return
    yield (heads[least] as IteratorYieldResult<Change>).value
    heads[least] = await (iterators[least] as AsyncGenerator<Change>).next()
  }
}
