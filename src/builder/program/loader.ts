// What the loaders of the C libraries have in common: a file that was loaded, and the places to look for the next.
import type { Elf } from './elf.js'

/** An executable or library, and who asked for it. */
export interface LoadedFile {
  /** Path by which it was found. */
  readonly path: string
  /** What `$ORIGIN` means in it. */
  readonly origin: string
  readonly elf: Elf
  /** The file that needed it; undefined for the executable. */
  readonly loadedBy: LoadedFile | undefined
}

/** A place where a library may be. */
export interface Candidate {
  readonly path: string
  /** The file without which the loader would not look there; the image needs it too. */
  readonly configuration?: string
}

/** A dynamic loader's rules. */
export interface Loader {
  /** Whether the loader itself answers to this name. */
  provides(name: string): boolean
  /** Where to look for `name`, in order. */
  candidates(name: string, neededBy: LoadedFile): Promise<Candidate[]>
}
