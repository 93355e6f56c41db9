// What a Windows layer is made of. Sources: image-spec layer.md; the tar form: Microsoft's go-winio/backuptar (facts of the format).

/** What Windows keeps of a file beside its content. */
export interface WindowsMetadata {
  /** FILE_ATTRIBUTE_… bits. */
  readonly attributes: number
  /** Self-relative security descriptor (`securityToSddl` gives its text); undefined: that of the directory applies. */
  readonly security: Uint8Array | undefined
  /** Nanoseconds since 1970. */
  readonly mtimeNs: bigint
  /** Where a layer names none, the modification time. */
  readonly creationTimeNs: bigint
  /** Undefined where the layer names none. */
  readonly atimeNs: bigint | undefined
  readonly ctimeNs: bigint | undefined
  /** NTFS extended attributes by name, as stored. */
  readonly extendedAttributes: Readonly<Record<string, Uint8Array>>
}

/** Paths begin with `/Files`, `/UtilityVM` or `/Hives`; names in them are compared without regard to case. */
interface AtPath {
  readonly path: string
}

interface WithContent {
  /** Bytes. */
  readonly size: number
  content(): AsyncIterable<Uint8Array>
}

export interface WindowsFile extends AtPath, WithContent, WindowsMetadata {
  readonly type: 'file'
}
/** An alternate data stream of the file or directory at `path`. Comes right after it. */
export interface WindowsStream extends AtPath, WithContent {
  readonly type: 'stream'
  /** Without colons and `$DATA`. */
  readonly name: string
}
export interface WindowsDirectory extends AtPath, WindowsMetadata {
  readonly type: 'directory'
}
export interface WindowsSymlink extends AtPath, WindowsMetadata {
  readonly type: 'symlink'
  /** As stored. */
  readonly target: string
  /** A mount point (junction), not a symbolic link. */
  readonly isMountPoint: boolean
}
/** A further name of the file at `target`, which this layer or one below has. */
export interface WindowsHardLink extends AtPath {
  readonly type: 'hardlink'
  readonly target: string
}
/** What the layers below have at `path` is gone. Only below `/Files` and `/UtilityVM/Files`, and not in a base layer. */
export interface WindowsWhiteout extends AtPath {
  readonly type: 'whiteout'
}

/** One entry of a Windows layer. */
export type WindowsEntry = WindowsFile | WindowsStream | WindowsDirectory | WindowsSymlink | WindowsHardLink | WindowsWhiteout

/** FILE_ATTRIBUTE_… bits. Source: MS-FSCC 2.6. */
export const FILE_ATTRIBUTE = {
  readonly: 0x1,
  hidden: 0x2,
  system: 0x4,
  directory: 0x10,
  archive: 0x20,
  normal: 0x80,
  sparse: 0x200,
  reparsePoint: 0x400,
  compressed: 0x800,
} as const
