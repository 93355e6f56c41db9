// `registry`: edits of a Windows image's registry, as a layer of delta hives.
import { optionsObject, rejectUnknown } from '../../core/index.js'
import type { Change, Layer } from '../../layer/index.js'
import {
  hiveEntries,
  layoutEntries,
  locateKey,
  newDirectoryMetadata,
  type RegistryEdits,
  readImageHives,
  registryDeltas,
  windowsChanges,
} from '../../windows-layer/index.js'
import type { BuildStep } from '../step.js'

/** The step for these edits. @throws TypeError | UnsupportedError for keys that no layer's hive holds */
export function registryStep(edits: RegistryEdits): Extract<BuildStep, { kind: 'registry' }> {
  const given = optionsObject(edits, 'registry')
  rejectUnknown(given, ['set', 'delete', 'deleteValues'], 'registry')
  const set = optionsObject(given.set, 'registry: set')
  const deleteValues = optionsObject(given.deleteValues, 'registry: deleteValues')
  const removed = given.delete ?? []
  if (!Array.isArray(removed)) throw new TypeError('registry: delete must be an array of keys')
  const keys = [...removed, ...Object.keys(deleteValues), ...Object.keys(set)]
  for (const key of keys) locateKey(key)
  const name = ['registry', ...removed.map((key) => `-${key}`), ...Object.keys(deleteValues), ...Object.keys(set)].join(' ')
  return { kind: 'registry', name, edits: structuredClone({ set, delete: [...removed], deleteValues }) }
}

/** The layer that carries the edits out on what the image's layers hold. Each layer is read to its end. */
export async function registryChanges(edits: RegistryEdits, layers: readonly Layer[], createdAt: Date): Promise<readonly Change[]> {
  const deltas = registryDeltas(await readImageHives(layers), edits, () => createdAt)
  const mtimeNs = BigInt(createdAt.getTime()) * 1_000_000n
  const entries = [...layoutEntries(mtimeNs), ...hiveEntries(deltas, false, mtimeNs)]
  return windowsChanges(entries, { isBase: false, directory: newDirectoryMetadata(mtimeNs) })
}
