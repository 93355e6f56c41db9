// A Linux tree's changes as those of a Windows layer: below Files, with the security and the attributes that Windows gives new files.
import { UnsupportedError } from '../core/index.js'
import type { Change, InodeEntry, LayerEntry } from '../layer/index.js'
import { FILE_ATTRIBUTE, type WindowsMetadata } from './entry.js'
import { checkWindowsPath, FILES, foldCase, HIVES, isBelow } from './names.js'
import { recordsOf } from './records.js'
import { securityFromSddl } from './security/sddl.js'

// What files below C:\ have on a fresh Windows: administrators and the system all rights, users read and execute.
const FILE_SECURITY = securityFromSddl('O:BAG:SYD:(A;;FA;;;BA)(A;;FA;;;SY)(A;;0x1200a9;;;BU)')
const DIRECTORY_SECURITY = securityFromSddl(
  'O:BAG:SYD:(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)(A;OICIIO;GA;;;CO)(A;OICI;0x1200a9;;;BU)(A;CI;LC;;;BU)(A;CI;DC;;;BU)',
)

/** Metadata of a file that a build made at a time. */
export const newFileMetadata = (mtimeNs: bigint): WindowsMetadata => ({
  attributes: FILE_ATTRIBUTE.archive,
  security: FILE_SECURITY,
  mtimeNs,
  creationTimeNs: mtimeNs,
  atimeNs: undefined,
  ctimeNs: undefined,
  extendedAttributes: {},
})

/** Metadata of a directory that a build made at a time. */
export const newDirectoryMetadata = (mtimeNs: bigint): WindowsMetadata => ({
  ...newFileMetadata(mtimeNs),
  attributes: FILE_ATTRIBUTE.directory,
  security: DIRECTORY_SECURITY,
})

/** The changes of a Windows layer for those of a tree whose root is `C:\`: `/app/x` becomes `/Files/app/x`. Owners and modes mean nothing there.
 *  @throws UnsupportedError for names Windows cannot have, two names that differ in case alone, and what is neither file, directory nor link */
export function toWindowsChanges(changes: readonly Change[], mtimeNs: bigint): readonly Change[] {
  const seen = new Map<string, string>()
  for (const { path } of changes) {
    checkWindowsPath(path)
    const other = seen.get(foldCase(path))
    if (other !== undefined) throw new UnsupportedError(`${other} and ${path} are one name on Windows`, { remedy: 'rename one of them' })
    seen.set(foldCase(path), path)
  }
  const tops = [FILES, HIVES].map((path) => directoryChange(path, mtimeNs))
  return [...tops, ...changes.filter(({ path }) => path !== '/').map(moved)]
}

function directoryChange(path: string, mtimeNs: bigint): Change {
  const records = recordsOf(newDirectoryMetadata(mtimeNs))
  return { kind: 'add', path, entry: { type: 'directory', path, mode: 0o755, uid: 0, gid: 0, mtimeNs, xattrs: {}, records } }
}

function moved(change: Change): Change {
  const path = `${FILES}${change.path}`
  return change.kind === 'delete' ? { ...change, path } : { ...change, path, entry: movedEntry(change.entry, path) }
}

function movedEntry(entry: InodeEntry, path: string): InodeEntry {
  const metadata = entry.type === 'directory' ? newDirectoryMetadata(entry.mtimeNs) : newFileMetadata(entry.mtimeNs)
  // An entry out of a Windows layer keeps what it has.
  const common = { path, uid: 0, gid: 0, xattrs: {}, records: entry.records ?? recordsOf(metadata) }
  switch (entry.type) {
    case 'file':
      return { ...entry, ...common, mode: 0o644 }
    case 'directory':
      return { ...entry, ...common, mode: 0o755 }
    case 'symlink':
      return { ...entry, ...common, mode: 0o777 }
    case 'hardlink':
      return { ...entry, path, target: `${FILES}${entry.target}`, uid: 0, gid: 0, mode: 0o644 }
    case 'char':
    case 'block':
    case 'fifo':
      throw new UnsupportedError(`${entry.path}: a Windows image cannot hold a ${entry.type} file`, { remedy: 'leave it out of the copy' })
  }
}

/** The entries of a Windows layer as those of a tree whose root is `C:\`; undefined for what lies elsewhere in the layer, and for streams. */
export function fromWindowsEntry(entry: LayerEntry): LayerEntry | undefined {
  if (!isBelow(entry.path, FILES) || entry.path.includes(':')) return undefined
  const path = entry.path.slice(FILES.length) || '/'
  return entry.type === 'hardlink' ? { ...entry, path, target: entry.target.slice(FILES.length) } : ({ ...entry, path } as LayerEntry)
}
