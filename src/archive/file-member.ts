// Members of the archives that this library writes: no owner, no time.
import type { TarMember } from '../tar/index.js'

const PLAIN = { linkName: '', uid: 0, gid: 0, mtimeNs: 0n, devMajor: 0, devMinor: 0, xattrs: {} } as const

/** A file of a known size. */
export const fileMember = (name: string, size: number, content: () => AsyncIterable<Uint8Array>): TarMember => ({
  ...PLAIN,
  type: 'file',
  name,
  mode: 0o644,
  size,
  content,
})

/** A file whose bytes are at hand. */
export const bytesMember = (name: string, bytes: Uint8Array): TarMember => fileMember(name, bytes.length, () => once(bytes))

/** A symbolic link. */
export const linkMember = (name: string, target: string): TarMember => ({
  ...PLAIN,
  type: 'symlink',
  name,
  linkName: target,
  mode: 0o777,
  size: 0,
})

/** A directory; the name ends in `/`. */
export const directoryMember = (name: string): TarMember => ({ ...PLAIN, type: 'directory', name, mode: 0o755, size: 0 })

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
