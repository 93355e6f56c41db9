// A layer of a Windows image as a value: files with what Windows keeps of them, and the registry's changes.
import { collect, optionsObject, rejectUnknown } from '../core/index.js'
import { Hive } from '../hive/index.js'
import { type Layer, type LayerFromChangesOptions, layerFromOrdered } from '../layer/index.js'
import type { WindowsEntry } from './entry.js'
import { hiveEntries } from './hive-entries.js'
import { HIVE_NAMES, type HiveName, hiveAt } from './hives.js'
import { newDirectoryMetadata } from './linux-changes.js'
import { foldCase } from './names.js'
import { readWindowsEntries } from './read.js'
import { windowsChanges } from './write.js'

const HIVE_MAX_BYTES = 2 ** 30

/** Options of `WindowsLayer.create`. */
export interface WindowsLayerOptions extends LayerFromChangesOptions {
  /** The lowest layer of an image: it carries whole hives and deletes nothing. Default: false. */
  readonly isBase?: boolean | undefined
  /** The registry: deltas, in a base layer whole hives. They become entries at their places. */
  readonly hives?: Readonly<Partial<Record<HiveName, Hive>>> | undefined
  /** Of directories and hives that are not among the entries. Default: 1970. */
  readonly mtimeNs?: bigint | undefined
}

/** One layer of a Windows image, read or written on any system. */
export class WindowsLayer {
  /** The layer itself: digests, sizes, bytes. */
  readonly layer: Layer
  /** Whether nothing lies below: then whiteouts are errors. */
  readonly isBase: boolean

  /** Over a layer of an image. `isBase`: it is the image's lowest. */
  constructor(layer: Layer, options?: { readonly isBase?: boolean | undefined }) {
    const given = optionsObject(options, 'WindowsLayer')
    rejectUnknown(given, ['isBase'], 'WindowsLayer')
    this.layer = layer
    this.isBase = given.isBase === true
  }

  /** Writes a layer: entries in any order but for streams, which follow their file. The same entries give the same bytes.
   *  @throws TypeError for two entries of one path @throws FormatError for what no Windows layer may hold */
  static async create(entries: AsyncIterable<WindowsEntry> | Iterable<WindowsEntry>, options?: WindowsLayerOptions): Promise<WindowsLayer> {
    const given = optionsObject(options, 'WindowsLayer.create')
    rejectUnknown(given, ['isBase', 'hives', 'mtimeNs', 'compression', 'spool', 'signal'], 'WindowsLayer.create')
    const { isBase = false, hives = {}, mtimeNs = 0n, compression, spool, signal } = given
    rejectUnknown(hives, HIVE_NAMES, 'WindowsLayer.create: hives')
    const named = HIVE_NAMES.flatMap((name) => (hives[name] === undefined ? [] : [[name, hives[name]] as const]))
    const all = withHives(entries, hiveEntries(new Map(named), isBase, mtimeNs))
    const changes = await windowsChanges(all, { isBase, directory: newDirectoryMetadata(mtimeNs) })
    return new WindowsLayer(await layerFromOrdered(changes, { compression, spool, signal }), { isBase })
  }

  /** Entries in the layer's order. A file's content is cheapest read before the next entry is asked for. @throws FormatError for what is no Windows layer */
  entries(): AsyncGenerator<WindowsEntry> {
    return readWindowsEntries(this.layer.entries(), this.isBase)
  }

  /** The changes that this layer makes in a hive (of a base layer: the hive). Undefined: none. @throws FormatError for a damaged one */
  async hive(name: HiveName): Promise<Hive | undefined> {
    return (await this.hives()).get(name)
  }

  /** All hives of this layer. Reads it once, to the end. */
  async hives(): Promise<ReadonlyMap<HiveName, Hive>> {
    const found = new Map<HiveName, Hive>()
    for await (const entry of this.entries()) {
      if (entry.type !== 'file') continue
      const hive = hiveAt(entry.path)
      if (hive !== undefined && hive.kind === (this.isBase ? 'base' : 'delta'))
        found.set(hive.name, Hive.open(await collect(entry.content(), HIVE_MAX_BYTES)))
    }
    return found
  }

  /** Whether the layer has files for the virtual machine of Hyper-V isolation. */
  async hasUtilityVM(): Promise<boolean> {
    for await (const { path } of this.entries()) if (foldCase(path).startsWith('/UTILITYVM/FILES/')) return true
    return false
  }
}

async function* withHives(
  entries: AsyncIterable<WindowsEntry> | Iterable<WindowsEntry>,
  hives: readonly WindowsEntry[],
): AsyncGenerator<WindowsEntry> {
  yield* entries
  yield* hives
}
