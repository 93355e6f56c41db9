// What a copy reads from and writes to: a directory of the host or of the sandbox. Paths are relative to it, '' is the directory itself.

/** What one name is, the content left out. */
export interface TreeEntry {
  readonly name: string
  readonly type: 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'device'
  /** Permission bits, with setuid, setgid and sticky. */
  readonly mode: number
  readonly mtimeNs: bigint
  readonly nlink: number
  /** The same for all names of one file. */
  readonly identity: string
  /** Of a symbolic link, as stored. */
  readonly target: string
  /** `user.` attributes by full name. */
  readonly xattrs: Readonly<Record<string, Uint8Array>>
}

/** Read without following a link. */
export interface Source {
  list(path: string): Promise<readonly TreeEntry[]>
  entry(path: string): Promise<TreeEntry>
  /** A descriptor of the file; the caller closes it. */
  open(path: string): Promise<number>
}

/** Written without following a link. Whatever is no directory is replaced. */
export interface Target {
  /** False when it was there. */
  directory(path: string): Promise<boolean>
  /** An empty new file; the caller closes it. */
  file(path: string, entry: TreeEntry): Promise<number>
  /** Attributes of a file that has its content. */
  finishFile(fd: number, entry: TreeEntry): Promise<void>
  finishDirectory(path: string, entry: TreeEntry): Promise<void>
  symlink(path: string, entry: TreeEntry): Promise<void>
  fifo(path: string, entry: TreeEntry): Promise<void>
  /** A further name of the file at `first`. */
  link(first: string, path: string): Promise<void>
  remove(path: string): Promise<void>
}

const TYPES: ReadonlyMap<number, TreeEntry['type']> = new Map([
  [0o010000, 'fifo'],
  [0o040000, 'directory'],
  [0o100000, 'file'],
  [0o120000, 'symlink'],
  [0o140000, 'socket'],
])

/** Type of a file by `st_mode`. */
export const typeOf = (mode: number): TreeEntry['type'] => TYPES.get(mode & 0o170000) ?? 'device'

/** What overlayfs writes into `user.overlay.` would mean something where the copy is mounted; the rest of `user.` is the user's. */
export const isCopiedXattr = (name: string): boolean => name.startsWith('user.') && !name.startsWith('user.overlay.')
