// From layer entries to Windows entries.
import { baseName, FormatError } from '../core/index.js'
import type { FileEntry, LayerEntry } from '../layer/index.js'
import type { WindowsEntry, WindowsStream } from './entry.js'
import { FILES, HIVES, isBelow, UTILITY_VM, UTILITY_VM_FILES } from './names.js'
import { isMountPoint, metadataOf } from './records.js'

/** The Windows entries of a layer, in its order. `isBase`: nothing lies below, so nothing may be deleted.
 *  @throws FormatError for what no Windows layer may hold: names outside Files, Hives and UtilityVM, whiteouts elsewhere, devices, streams without their file */
export async function* readWindowsEntries(entries: AsyncIterable<LayerEntry>, isBase: boolean): AsyncGenerator<WindowsEntry> {
  // Of the last file or directory: its streams follow it.
  let owner: string | undefined
  for await (const entry of entries) {
    if (entry.path === '/') continue
    checkArea(entry)
    const found = windowsEntry(entry, owner, isBase)
    if (found.type !== 'stream') owner = found.type === 'file' || found.type === 'directory' ? found.path : undefined
    yield found
  }
}

function checkArea({ path, type }: LayerEntry): void {
  if ([FILES, HIVES, UTILITY_VM].some((area) => isBelow(path, area))) return
  throw new FormatError(`${path}: a ${type} outside Files, Hives and UtilityVM: this is no Windows layer`)
}

function windowsEntry(entry: LayerEntry, owner: string | undefined, isBase: boolean): WindowsEntry {
  const { path } = entry
  switch (entry.type) {
    case 'file':
      return baseName(path).includes(':')
        ? streamOf(entry, owner)
        : { type: 'file', path, ...metadataOf(entry), size: entry.size, content: () => entry.content() }
    case 'directory':
      return { type: 'directory', path, ...metadataOf(entry) }
    case 'symlink':
      return { type: 'symlink', path, ...metadataOf(entry), target: entry.target, isMountPoint: isMountPoint(entry) }
    case 'hardlink':
      return { type: 'hardlink', path, target: entry.target }
    case 'whiteout':
      if (isBase) throw new FormatError(`${path}: a whiteout in a base layer`)
      if (!hidesBelow(path, FILES) && !hidesBelow(path, UTILITY_VM_FILES)) throw new FormatError(`${path}: a whiteout outside Files`)
      return { type: 'whiteout', path }
    case 'opaque':
      throw new FormatError(`${path}: a Windows layer has no opaque directories`)
    case 'char':
    case 'block':
    case 'fifo':
      throw new FormatError(`${path}: a Windows layer has nothing of type ${entry.type}`)
  }
}

const hidesBelow = (path: string, area: string): boolean => isBelow(path, area) && path.length > area.length

/** `NAME:STREAM`, right after NAME. */
function streamOf(entry: FileEntry, owner: string | undefined): WindowsStream {
  const { path, size } = entry
  const colon = path.lastIndexOf('/') + 1 + baseName(path).indexOf(':')
  const name = path.slice(colon + 1)
  if (path.slice(0, colon) !== owner) throw new FormatError(`${path}: a stream that does not follow its file`)
  if (name === '' || name.includes(':')) throw new FormatError(`${path}: not a stream's name`)
  return { type: 'stream', path: owner, name, size, content: () => entry.content() }
}
