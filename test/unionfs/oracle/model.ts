// The words of the comparison: layers and operations as plain data, which both sides understand.

/** [seed, size]: bytes that differ by place and by seed; or hexadecimal text. */
export type Bytes = readonly [seed: number, size: number] | string

interface Described {
  readonly path: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly mtimeNs: string
  readonly xattrs: Readonly<Record<string, string>>
}

/** An entry of a layer, as JSON. */
export type ModelEntry =
  | { readonly type: 'whiteout'; readonly path: string }
  | { readonly type: 'hardlink'; readonly path: string; readonly target: string }
  | (Described & { readonly type: 'file'; readonly content: Bytes })
  | (Described & { readonly type: 'directory'; readonly opaque?: boolean })
  | (Described & { readonly type: 'symlink'; readonly target: string })
  | (Described & { readonly type: 'fifo' })
  | (Described & { readonly type: 'char'; readonly major: number; readonly minor: number })

/** A call: its name in overlay.py's table, and its arguments. */
export type Op = readonly [name: string, ...args: (string | number | boolean | Bytes)[]]

/** One row of a tree: what walk() of overlay.py gives. */
export interface Row {
  readonly path: string
  readonly type: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly mtime: string
  readonly nlink?: number
  readonly size?: number
  readonly rdev?: number
  readonly content?: string
  readonly target?: string
  readonly xattrs: Readonly<Record<string, string>>
  /** The first path of all that are one file. */
  readonly group?: string
}

/** What became of a call. */
export type Result = { readonly value: unknown } | { readonly errno: number }

/** Layers, calls. */
export interface Sequence {
  readonly layers: readonly (readonly ModelEntry[])[]
  readonly ops: readonly Op[]
  /** Who calls, held to permissions. Default: root. */
  readonly user?: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] } | undefined
}

/** What one side made of a sequence. */
export interface Outcome {
  readonly results: readonly Result[]
  readonly before: readonly Row[]
  readonly after: readonly Row[]
}

/** The bytes that a pair stands for. */
export function bytesOf(bytes: Bytes): Uint8Array {
  if (typeof bytes === 'string') return unhex(bytes)
  const [seed, size] = bytes
  return Uint8Array.from({ length: size }, (_, i) => ((i % 251) * 7 + seed) % 251)
}

/** Contents as overlay.py shows them. */
export function digestOf(bytes: Uint8Array): string {
  if (bytes.length <= 64) return hex(bytes)
  let a = 0
  let b = 0
  for (const byte of bytes) {
    a = (a + byte + 1) % 65521
    b = (b + a) % 65521
  }
  return `${bytes.length}:${a}:${b}`
}

/** Lower-case hexadecimal. */
export const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

/** The bytes of hexadecimal text. */
export const unhex = (text: string): Uint8Array =>
  Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16))
