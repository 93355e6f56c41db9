// What the layers below have at a path: for telling an addition from a modification. Never follows a link.
import { lstatSync, readdirSync, type Stats } from 'node:fs'
import { baseName, encodePath } from '../core/index.js'
import { native } from '../native/index.js'

const AT_FDCWD = -100
/** After so many names that were looked up in one directory, all of its names are read at once. */
const LOOKUPS_BEFORE_LISTING = 16

/** A directory of one layer. */
class LowerDirectory {
  #lookups = 0
  #names: ReadonlySet<string> | undefined

  constructor(readonly path: string) {}

  lstat(name: string): Stats | undefined {
    if (this.#lookups++ === LOOKUPS_BEFORE_LISTING) this.#names = namesIn(this.path)
    return this.#names?.has(latin1(name)) === false ? undefined : lstatBytes(`${this.path}/${name}`)
  }
}

/** Looks names up in overlay lowers, topmost first, as the kernel does: whiteouts and opaque directories end the search. For one reading of a tree: what
 *  it found of a directory it does not look at again. */
export class LowerLookup {
  readonly #directories = new Map<string, readonly LowerDirectory[]>()
  readonly #masked: ReadonlySet<string>

  constructor(lowers: readonly string[], masked: readonly string[]) {
    this.#directories.set(
      '',
      [...lowers].reverse().map((lower) => new LowerDirectory(lower)),
    )
    this.#masked = new Set(masked)
  }

  /** Whether there is a directory, something else, or nothing. */
  typeOf(relative: string): 'directory' | 'other' | undefined {
    if (this.#masked.has(relative)) return undefined
    for (const directory of this.#merged(parentOf(relative))) {
      const stat = directory.lstat(nameOf(relative))
      if (stat === undefined) continue
      if (isWhiteout(stat)) return undefined
      return stat.isDirectory() ? 'directory' : 'other'
    }
    return undefined
  }

  /** The directories that make up the one at `relative`, the topmost first. */
  #merged(relative: string): readonly LowerDirectory[] {
    const known = this.#directories.get(relative)
    if (known !== undefined) return known
    const merged: LowerDirectory[] = []
    for (const directory of this.#merged(parentOf(relative))) {
      const stat = directory.lstat(nameOf(relative))
      if (stat === undefined) continue
      if (!stat.isDirectory()) break
      const path = `${directory.path}/${nameOf(relative)}`
      merged.push(new LowerDirectory(path))
      if (native().getxattr(AT_FDCWD, encodePath(path), 'user.overlay.opaque')?.[0] === 0x79) break
    }
    this.#directories.set(relative, merged)
    return merged
  }
}

const parentOf = (relative: string): string => relative.slice(0, Math.max(0, relative.lastIndexOf('/')))
const nameOf = (relative: string): string => baseName(`/${relative}`)
const isWhiteout = (stat: Stats): boolean => stat.isCharacterDevice() && stat.rdev === 0

/** One character a byte: the cheapest form that compares as the bytes do. */
const latin1 = (name: string): string => Buffer.from(encodePath(name)).toString('latin1')

/** undefined: this process may not list it. */
function namesIn(path: string): ReadonlySet<string> | undefined {
  try {
    return new Set(readdirSync(Buffer.from(encodePath(path)), { encoding: 'latin1' }))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return undefined
    throw error
  }
}

function lstatBytes(path: string): Stats | undefined {
  try {
    return lstatSync(Buffer.from(encodePath(path)), { throwIfNoEntry: false })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined
    throw error
  }
}
