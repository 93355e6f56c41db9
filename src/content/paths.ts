// Where things are in a store. Source: image-spec image-layout.md for the first three; the rest stands beside them.
import { join } from 'node:path'
import { type Digest, digestHex } from '../core/index.js'

/** How ids stand on disk. `root`: as in the image. `sub`: as in the image, shifted into the user's sub-ids. `single`: all the caller's. */
export type IdMode = 'root' | 'sub' | 'single'

const PARTIAL = 'partial-'

/** The places of one store. */
export class StorePaths {
  constructor(readonly root: string) {}

  readonly layout = (): string => join(this.root, 'oci-layout')
  readonly index = (): string => join(this.root, 'index.json')
  readonly blobs = (): string => join(this.root, 'blobs', 'sha256')
  readonly blob = (digest: Digest): string => join(this.blobs(), digestHex(digest))
  /** Unpacked layers. Overlay options are written relative to this directory. */
  readonly layers = (idMode: IdMode): string => join(this.root, 'layers', idMode)
  /** Scratch directories of running sandboxes; each name begins with its process's lease. */
  readonly sandboxes = (): string => join(this.root, 'sandboxes')
  /** Build steps, by key. */
  readonly cache = (): string => join(this.root, 'cache')
  /** Cache mounts, by name. */
  readonly mountCaches = (idMode: IdMode): string => join(this.cache(), 'mounts', idMode)
  /** Unfinished files and trees; each name begins with its process's lease. */
  readonly temporary = (): string => join(this.root, 'tmp')
  /** What there is of a blob that is being fetched, or was and broke off: it outlives the process. */
  readonly partial = (digest: Digest): string => join(this.temporary(), `${PARTIAL}${digestHex(digest)}`)
  /** Whether a name in `temporary` is that of such a file. */
  readonly isPartial = (name: string): boolean => name.startsWith(PARTIAL)
  /** One directory a live process: its lock, and what it uses. */
  readonly leases = (): string => join(this.root, 'leases')
  /** Held while index.json is read and replaced. */
  readonly indexLock = (): string => join(this.root, 'locks', 'index')
  /** Held shared while something is put to use, exclusively while the unused is removed. */
  readonly collectLock = (): string => join(this.root, 'locks', 'collect')
  readonly locks = (): string => join(this.root, 'locks')
}
