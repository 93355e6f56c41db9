// Whether a file is what a layer says it is: attributes first, bytes last, and those only where nothing else decides.
import type { Attributes, Inode } from './inode.js'

/** Whether mode, owner, mtime and xattrs are equal. */
export const sameAttributes = (a: Attributes, b: Attributes): boolean => a.mtimeNs === b.mtimeNs && sameButTime(a, b)

/** Whether mode, owner and xattrs are equal. */
export function sameButTime(a: Attributes, b: Attributes): boolean {
  if (a.mode !== b.mode || a.uid !== b.uid || a.gid !== b.gid) return false
  if (a.xattrs === b.xattrs) return true
  const names = Object.keys(a.xattrs)
  if (names.length !== Object.keys(b.xattrs).length) return false
  return names.every((name) => Object.hasOwn(b.xattrs, name) && sameBytes(a.xattrs[name]!, b.xattrs[name]!))
}

/** Whether link targets and device numbers are equal, for two of one type. */
export function sameKind(now: Inode, before: Inode): boolean {
  if (now.type === 'symlink' && before.type === 'symlink') return now.target === before.target
  if ('major' in now && 'major' in before) return now.major === before.major && now.minor === before.minor
  return true
}

/** Fixes what is to be compared now; the bytes are read when the result is called. */
export function contentComparison(now: Inode, before: Inode): () => Promise<boolean> {
  if (now.type !== 'file' || before.type !== 'file') return async () => true
  const lower = before.original?.data ?? before.data
  if (now.data.isTwinOf(lower)) return async () => true
  if (now.data.size !== lower.size) return async () => false
  const upper = now.data.snapshot()
  return () => sameStreams(upper.stream(), lower.stream())
}

async function sameStreams(a: AsyncIterable<Uint8Array>, b: AsyncIterable<Uint8Array>): Promise<boolean> {
  const other = b[Symbol.asyncIterator]()
  let rest: Uint8Array = new Uint8Array(0)
  try {
    for await (let chunk of a) {
      while (chunk.length > 0) {
        if (rest.length === 0) {
          const next = await other.next()
          if (next.done === true) return false
          rest = next.value
        }
        const length = Math.min(chunk.length, rest.length)
        if (!sameBytes(chunk.subarray(0, length), rest.subarray(0, length))) return false
        chunk = chunk.subarray(length)
        rest = rest.subarray(length)
      }
    }
    return true
  } finally {
    await other.return?.()
  }
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, at) => byte === b[at])
