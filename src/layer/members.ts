// From changes in order to tar members.
import { baseName, parentPath } from '../core/index.js'
import type { TarMember } from '../tar/index.js'
import type { Change, InodeEntry } from './entry.js'
import { OPAQUE_NAME, WHITEOUT_PREFIX } from './names.js'

const MARKER = { type: 'file', linkName: '', mode: 0, uid: 0, gid: 0, mtimeNs: 0n, size: 0, devMajor: 0, devMinor: 0, xattrs: {} } as const

/** The tar members of a layer: names relative to the root, directories with a slash at the end. */
export async function* membersOf(changes: AsyncIterable<Change> | Iterable<Change>): AsyncGenerator<TarMember> {
  for await (const change of changes) {
    if (change.kind === 'delete') {
      yield { ...MARKER, name: inDirectory(parentPath(change.path), `${WHITEOUT_PREFIX}${baseName(change.path)}`) }
      continue
    }
    yield memberOf(change.entry)
    // Right after its directory: some tools apply it to whatever they have unpacked so far.
    if (change.entry.type === 'directory' && change.entry.opaque === true) {
      yield { ...MARKER, name: inDirectory(change.path, OPAQUE_NAME) }
    }
  }
}

const inDirectory = (directory: string, name: string): string => (directory === '/' ? name : `${directory.slice(1)}/${name}`)

function memberOf(entry: InodeEntry): TarMember {
  const { mode, uid, gid, mtimeNs, xattrs, records } = entry
  const plain = { ...MARKER, name: entry.path.slice(1), mode, uid, gid, mtimeNs, xattrs, ...(records === undefined ? {} : { records }) }
  switch (entry.type) {
    case 'file':
      return { ...plain, type: 'file', size: entry.size, content: () => entry.content() }
    case 'directory':
      return { ...plain, type: 'directory', name: entry.path === '/' ? './' : `${plain.name}/` }
    case 'symlink':
      return { ...plain, type: 'symlink', linkName: entry.target }
    case 'hardlink':
      return { ...plain, type: 'hardlink', linkName: entry.target.slice(1) }
    case 'char':
    case 'block':
      return { ...plain, type: entry.type, devMajor: entry.major, devMinor: entry.minor }
    case 'fifo':
      return { ...plain, type: 'fifo' }
  }
}
