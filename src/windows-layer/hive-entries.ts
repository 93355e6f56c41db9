// Hives as files of a layer, at the places where Windows looks for them.
import { UnsupportedError } from '../core/index.js'
import type { Hive } from '../hive/index.js'
import type { WindowsEntry } from './entry.js'
import { basePath, deltaPath, type HiveName } from './hives.js'
import { newDirectoryMetadata, newFileMetadata } from './linux-changes.js'
import { FILES, HIVES } from './names.js'

/** Entries for these hives: deltas under `/Hives`, in a base layer whole ones under `System32\\config`.
 *  @throws UnsupportedError for a whole hive where a delta belongs, and the other way round */
export function hiveEntries(hives: ReadonlyMap<HiveName, Hive>, isBase: boolean, mtimeNs: bigint): readonly WindowsEntry[] {
  return [...hives].map(([name, hive]) => {
    if (hive.isLayered === isBase)
      throw new UnsupportedError(`hives.${name}: ${isBase ? 'a base layer holds whole hives' : 'a layer above the base holds deltas'}`, {
        remedy: isBase ? 'flatten() it first' : 'make one with deltaFrom or LayeredHive',
      })
    const bytes = hive.toBytes()
    const path = isBase ? basePath(name) : deltaPath(name)
    return { type: 'file', path, ...newFileMetadata(mtimeNs), size: bytes.length, content: () => once(bytes) }
  })
}

/** The directories that every layer above a base has. */
export const layoutEntries = (mtimeNs: bigint): readonly WindowsEntry[] =>
  [FILES, HIVES].map((path) => ({ type: 'directory', path, ...newDirectoryMetadata(mtimeNs) }))

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
