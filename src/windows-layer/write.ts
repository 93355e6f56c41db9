// From Windows entries to the changes that a layer is made of, in the one order of a Windows layer.
import { FormatError } from '../core/index.js'
import { arrange, type Change, type FileEntry, type InodeEntry } from '../layer/index.js'
import { FILE_ATTRIBUTE, type WindowsEntry, type WindowsMetadata, type WindowsStream } from './entry.js'
import { foldCase } from './names.js'
import { readWindowsEntries } from './read.js'
import { recordsOf } from './records.js'

const PLAIN = { uid: 0, gid: 0, xattrs: {} } as const
const STREAM_METADATA = { attributes: 0, security: undefined, atimeNs: undefined, ctimeNs: undefined, extendedAttributes: {} } as const

/** The changes of these entries: sorted by path, the streams of a file right after it, the directories above made where none was given.
 *  @throws TypeError for two entries of one path (names that differ in case alone are one) @throws FormatError for what no Windows layer may hold */
export async function windowsChanges(
  entries: AsyncIterable<WindowsEntry> | Iterable<WindowsEntry>,
  options: { readonly isBase: boolean; readonly directory: WindowsMetadata },
): Promise<readonly Change[]> {
  const list: Change[] = []
  const streams = new Map<string, WindowsStream[]>()
  const spelled = new Map<string, string>()
  for await (const entry of entries) {
    if (entry.type === 'stream') {
      streams.set(entry.path, [...(streams.get(entry.path) ?? []), entry])
      continue
    }
    const other = spelled.get(foldCase(entry.path))
    if (other !== undefined) throw new TypeError(`two entries of one path: ${JSON.stringify(other)} and ${JSON.stringify(entry.path)}`)
    spelled.set(foldCase(entry.path), entry.path)
    list.push(changeOf(entry))
  }
  for (const path of [...spelled.values()]) {
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      const directory = path.slice(0, at)
      if (spelled.has(foldCase(directory))) break
      spelled.set(foldCase(directory), directory)
      list.push(changeOf({ type: 'directory', path: directory, ...options.directory }))
    }
  }
  const ordered = arrange(list).flatMap((change) => [change, ...takeStreams(streams, change)])
  for (const path of streams.keys()) throw new FormatError(`${path}: a stream without its file`)
  // What is written must be what is read: the reader's checks are the writer's too.
  for await (const _ of readWindowsEntries(entriesOf(ordered), options.isBase));
  return ordered
}

function takeStreams(streams: Map<string, WindowsStream[]>, change: Change): readonly Change[] {
  const own = streams.get(change.path)
  if (own === undefined || change.kind === 'delete') return []
  streams.delete(change.path)
  return own.sort((a, b) => (a.name < b.name ? -1 : 1)).map((stream) => streamChange(stream, change.entry.mtimeNs))
}

function streamChange({ path, name, size, content }: WindowsStream, mtimeNs: bigint): Change {
  const at = `${path}:${name}`
  const records = recordsOf({ ...STREAM_METADATA, mtimeNs, creationTimeNs: mtimeNs })
  const entry: FileEntry = { ...PLAIN, type: 'file', path: at, mode: 0o644, mtimeNs, size, content, records }
  return { kind: 'add', path: at, entry }
}

function changeOf(entry: Exclude<WindowsEntry, WindowsStream>): Change {
  const { path } = entry
  if (entry.type === 'whiteout') return { kind: 'delete', path }
  if (entry.type === 'hardlink') return add({ ...PLAIN, type: 'hardlink', path, target: entry.target, mode: 0o644, mtimeNs: 0n })
  const records = recordsOf(withTypeBits(entry), entry.type === 'symlink' && entry.isMountPoint)
  const common = { ...PLAIN, path, mtimeNs: entry.mtimeNs, records }
  switch (entry.type) {
    case 'file':
      return add({ ...common, type: 'file', mode: 0o644, size: entry.size, content: () => entry.content() })
    case 'directory':
      return add({ ...common, type: 'directory', mode: 0o755 })
    case 'symlink':
      return add({ ...common, type: 'symlink', mode: 0o777, target: entry.target })
  }
}

/** The attribute that says what it is goes without saying. */
function withTypeBits<T extends WindowsMetadata & { readonly type: string }>(entry: T): T {
  const bit = entry.type === 'directory' ? FILE_ATTRIBUTE.directory : entry.type === 'symlink' ? FILE_ATTRIBUTE.reparsePoint : 0
  return { ...entry, attributes: (entry.attributes | bit) >>> 0 }
}

const add = (entry: InodeEntry): Change => ({ kind: 'add', path: entry.path, entry })

async function* entriesOf(changes: readonly Change[]) {
  for (const change of changes) yield change.kind === 'delete' ? ({ type: 'whiteout', path: change.path } as const) : change.entry
}
