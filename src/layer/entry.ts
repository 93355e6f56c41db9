// What a layer is made of. Source: image-spec layer.md.

interface EntryBase {
  /** Absolute, normalized path inside the image. Bytes that are not UTF-8 stand as U+DC80–U+DCFF. */
  readonly path: string
}

interface InodeBase extends EntryBase {
  /** Permission bits with setuid, setgid and sticky: 0 to 0o7777. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Nanoseconds since 1970; negative before. */
  readonly mtimeNs: bigint
  /** Extended attributes by full name (`user.x`, `security.capability`). Empty where there are none. */
  readonly xattrs: Readonly<Record<string, Uint8Array>>
  /** PAX records of Windows layers (`MSWINDOWS.…`, times), as stored; stratabox/windows reads them. Absent where there are none. */
  readonly records?: Readonly<Record<string, Uint8Array>>
}

/** A regular file. `content` may be called any number of times unless its owner says otherwise. */
export interface FileEntry extends InodeBase {
  readonly type: 'file'
  /** Bytes, of the content with its holes. */
  readonly size: number
  content(): AsyncIterable<Uint8Array>
}
/** A directory. `opaque`: hides whatever the layers below have in it. */
export interface DirectoryEntry extends InodeBase {
  readonly type: 'directory'
  readonly opaque?: boolean
}
export interface SymlinkEntry extends InodeBase {
  readonly type: 'symlink'
  /** As stored: relative or absolute, never resolved. */
  readonly target: string
}
/** A further name of a file that this layer (or one below) has at `target`, an image path. */
export interface HardLinkEntry extends InodeBase {
  readonly type: 'hardlink'
  readonly target: string
}
export interface DeviceEntry extends InodeBase {
  readonly type: 'char' | 'block'
  readonly major: number
  readonly minor: number
}
export interface FifoEntry extends InodeBase {
  readonly type: 'fifo'
}
/** `.wh.NAME`: `path` (and all below it) is not there any more. Acts on lower layers only. */
export interface WhiteoutEntry extends EntryBase {
  readonly type: 'whiteout'
}
/** `.wh..wh..opq`: whatever lower layers have in directory `path` is hidden. */
export interface OpaqueEntry extends EntryBase {
  readonly type: 'opaque'
}

/** An entry that is a thing in the tree. */
export type InodeEntry = FileEntry | DirectoryEntry | SymlinkEntry | HardLinkEntry | DeviceEntry | FifoEntry
/** One entry of a layer, in the layer's own order. */
export type LayerEntry = InodeEntry | WhiteoutEntry | OpaqueEntry

/** One difference between a tree and its base. `add` and `modify` carry the entry as it is now (never a whiteout). */
export type Change =
  | { readonly kind: 'add' | 'modify'; readonly path: string; readonly entry: InodeEntry }
  | { readonly kind: 'delete'; readonly path: string }
