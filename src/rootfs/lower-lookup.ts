// What the layers below have at a path: for telling an addition from a modification. Never follows a link.
import { lstatSync, type Stats } from 'node:fs'
import { encodePath } from '../core/index.js'
import { native } from '../native/index.js'

const AT_FDCWD = -100

/** Looks names up in overlay lowers, topmost first, as the kernel does: whiteouts and opaque directories end the search. */
export class LowerLookup {
  readonly #topFirst: readonly string[]
  readonly #masked: ReadonlySet<string>

  constructor(lowers: readonly string[], masked: readonly string[]) {
    this.#topFirst = [...lowers].reverse()
    this.#masked = new Set(masked)
  }

  /** Whether there is a directory, something else, or nothing. */
  typeOf(relative: string): 'directory' | 'other' | undefined {
    if (this.#masked.has(relative)) return undefined
    const parts = relative.split('/')
    for (const lower of this.#topFirst) {
      const verdict = this.#inLower(lower, parts)
      if (verdict === 'hidden') return undefined
      if (verdict !== 'absent') return verdict
    }
    return undefined
  }

  #inLower(lower: string, parts: readonly string[]): 'directory' | 'other' | 'hidden' | 'absent' {
    let at = lower
    let isOpaque = false
    for (const [k, part] of parts.entries()) {
      at = `${at}/${part}`
      const stat = lstatBytes(at)
      if (stat === undefined) return isOpaque ? 'hidden' : 'absent'
      if (stat.isCharacterDevice() && stat.rdev === 0) return 'hidden'
      const isLast = k === parts.length - 1
      if (!stat.isDirectory()) return isLast ? 'other' : 'hidden'
      if (isLast) return 'directory'
      isOpaque ||= native().getxattr(AT_FDCWD, encodePath(at), 'user.overlay.opaque')?.[0] === 0x79
    }
    return 'absent'
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
