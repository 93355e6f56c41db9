// One member of a tar, as it is stored.

/** What a member is; `file` covers the old and the contiguous forms. */
export type TarType = 'file' | 'hardlink' | 'symlink' | 'char' | 'block' | 'directory' | 'fifo'

/** What a tar says of a member. Names keep bytes that are not UTF-8 as U+DC80–U+DCFF. */
export interface TarHeader {
  readonly type: TarType
  /** As stored: may be absolute, hold `..`, or end in `/`. Never empty, never with NUL. */
  readonly name: string
  /** Target of a link, as stored; '' for other types. */
  readonly linkName: string
  /** Permission bits, 0 to 0o7777. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly mtimeNs: bigint
  /** Bytes of the content, holes included. 0 for all but files. */
  readonly size: number
  readonly devMajor: number
  readonly devMinor: number
  /** From `SCHILY.xattr.` records. */
  readonly xattrs: Readonly<Record<string, Uint8Array>>
  /** Further PAX records, by key: what Windows keeps of a file (`isForeignRecord`). Absent where there are none. */
  readonly records?: Readonly<Record<string, Uint8Array>>
}

/** A run of stored bytes in a sparse file. */
export interface SparsePart {
  /** Where it belongs in the file. */
  readonly offset: number
  readonly length: number
}

/** A member while the archive is read. */
export interface TarEntry extends TarHeader {
  /** Of its first header block (extended headers included), in the uncompressed tar. */
  readonly headerOffset: number
  /** Of its stored content. */
  readonly dataOffset: number
  /** Bytes stored: less than `size` for a sparse file. */
  readonly storedSize: number
  /** Where the stored bytes belong; undefined: they are the content. */
  readonly sparse?: readonly SparsePart[]
  /** The content with its holes. Can be read once, before the next member is asked for. */
  content(): AsyncIterable<Uint8Array>
}
