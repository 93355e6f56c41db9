// Made-up entries of layers, for the groups that measure layers and views.

/** Bytes as the chunks that a file would be read in. */
export async function* chunksOf(bytes) {
  for (let at = 0; at < bytes.length; at += 256 * 1024) yield bytes.subarray(at, at + 256 * 1024)
}

/** A regular file of root's. */
export const fileEntry = (path, bytes) => ({
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtimeNs: 0n,
  xattrs: {},
  type: 'file',
  path,
  size: bytes.length,
  content: () => chunksOf(bytes),
})

/** The change that adds it. */
export const addedFile = (path, bytes) => ({ kind: 'add', path, entry: fileEntry(path, bytes) })
