// Layers unpacked once and shared by every sandbox of their id mode: `layers/<idmode>/<name>/` with `layer.json` and the tree `d/`.
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, digestHex, StrataError, UnsupportedError } from '../core/index.js'
import type { InodeEntry, Layer } from '../layer/index.js'
import { chainIds } from '../oci/index.js'
import { syncDirectory } from './durable.js'
import type { Lease } from './lease.js'
import { O_DIRECTORY, O_RDONLY } from './linux.js'
import { withLock } from './lock.js'
import type { IdMode, StorePaths } from './paths.js'
import { Beneath } from './tree/beneath.js'
import { findLower, type UnpackedTree } from './tree/lower.js'
import { allApplied, type Metadata, type Unapplied } from './tree/metadata.js'
import { applyOverlay, plainDirectory } from './tree/overlay.js'
import { removeTree } from './tree/remove-tree.js'
import { TreeWriter } from './tree/writer.js'

/** What is written beside an unpacked tree. */
export interface LayerRecord {
  readonly version: 1
  readonly diffId: Digest
  /** The stack it was unpacked upon, itself included; absent where the tree fits any stack. */
  readonly chainId?: Digest
  /** Owner, mode and time of '/', where the layer says them. */
  readonly root?: RootMetadata
  /** Content bytes. */
  readonly bytes: number
}

/** What the top directory of an image is like. */
export interface RootMetadata {
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** A decimal number: JSON has no bigint. */
  readonly mtimeNs: string
}

type Below = () => Promise<readonly UnpackedLayer[]>

/** One layer on disk. */
export interface UnpackedLayer {
  /** The directory in `layers/<idmode>/`. */
  readonly key: string
  readonly record: LayerRecord
}

/** Digits of the digest in a directory's name: overlay options have one page for all layers. Two layers with the same beginning get longer names. */
const NAME_DIGITS = [12, 20, 64] as const
const TREE = 'd'
const RECORD = 'layer.json'
const UNAPPLIED = 'unapplied.json'

/** The unpacked layers of one store and id mode. */
export class UnpackedLayers {
  readonly #root: string
  readonly #underWay = new Map<string, Promise<UnpackedLayer>>()

  constructor(
    readonly paths: StorePaths,
    readonly lease: Lease,
    readonly idMode: IdMode,
  ) {
    this.#root = paths.layers(idMode)
  }

  /** Unpacks what is missing of a stack (the lowest first) and returns all. The caller has pinned the names it gets, see `pinName`. */
  async stack(layers: readonly Layer[], signal: AbortSignal | undefined): Promise<readonly UnpackedLayer[]> {
    if (this.idMode === 'sub')
      throw new UnsupportedError('layers with subordinate ids are not unpacked by this version', { remedy: "use idMode 'single'" })
    const chains = chainIds(layers.map((layer) => layer.diffId))
    const done: Promise<UnpackedLayer>[] = []
    for (const [at, layer] of layers.entries()) {
      const below = done.slice()
      done.push(this.#one(layer, chains[at]!, () => Promise.all(below), signal))
    }
    const settled = await Promise.allSettled(done)
    for (const result of settled) if (result.status === 'rejected') throw result.reason
    return Promise.all(done)
  }

  /** The directory of a layer's tree, relative to `layers/<idmode>`. */
  treeName(layer: UnpackedLayer): string {
    return `${layer.key}/${TREE}`
  }

  async #one(layer: Layer, chainId: Digest, below: Below, signal: AbortSignal | undefined): Promise<UnpackedLayer> {
    const running = this.#underWay.get(chainId)
    if (running !== undefined) return running
    const work = this.#find(layer.diffId, chainId, signal).then((found) => found ?? this.#unpack(layer, chainId, below, signal))
    this.#underWay.set(chainId, work)
    try {
      return await work
    } finally {
      this.#underWay.delete(chainId)
    }
  }

  /** The layer on disk, pinned; undefined where it has to be unpacked. */
  #find(diffId: Digest, chainId: Digest, signal: AbortSignal | undefined): Promise<UnpackedLayer | undefined> {
    // Not while a collection is under way: it could have read the pins already.
    return withLock(this.paths.collectLock(), false, signal, async () => {
      for (const digest of new Set([diffId, chainId])) {
        for (const digits of NAME_DIGITS) {
          const key = digestHex(digest).slice(0, digits)
          const record = await readRecord(join(this.#root, key))
          if (record === undefined) break
          if (record.diffId !== diffId || (record.chainId ?? chainId) !== chainId) continue
          this.lease.pin(pinName(this.idMode, key))
          return { key, record }
        }
      }
      return undefined
    })
  }

  #unpack(layer: Layer, chainId: Digest, below: Below, signal: AbortSignal | undefined): Promise<UnpackedLayer> {
    // Processes that want the same layer wait for the first, instead of unpacking it as often. A layer waits only for those below it: no circle.
    return withLock(join(this.paths.locks(), `layer-${this.idMode}-${digestHex(chainId).slice(0, 20)}`), true, signal, async () => {
      const found = await this.#find(layer.diffId, chainId, signal)
      if (found !== undefined) return found
      const directory = await open(this.paths.temporary(), O_RDONLY | O_DIRECTORY)
      const name = this.lease.unusedName()
      try {
        const record = await this.#fill(directory.fd, join(this.paths.temporary(), name), layer, chainId, below, signal)
        return await this.#publish(join(this.paths.temporary(), name), record)
      } finally {
        await removeTree(directory.fd, name)
        await directory.close()
      }
    })
  }

  async #fill(
    trashFd: number,
    place: string,
    layer: Layer,
    chainId: Digest,
    below: Below,
    signal: AbortSignal | undefined,
  ): Promise<LayerRecord> {
    await mkdir(join(place, TREE), { recursive: true })
    using tree = new Beneath(join(place, TREE))
    const lower = new Lower(this.#root, below)
    try {
      const writer = new TreeWriter(tree, this.idMode, { fd: trashFd, unusedName: () => this.lease.unusedName() })
      await writer.directory(plainDirectory('/'))
      const applied = await applyOverlay(writer, layer.entries(), (path) => lower.find(path), signal)
      const record: LayerRecord = {
        version: 1,
        diffId: layer.diffId,
        ...(applied.dependsOnLower ? { chainId } : {}),
        ...(applied.root === undefined ? {} : { root: rootOf(applied.root) }),
        bytes: writer.bytes,
      }
      await writeFile(join(place, UNAPPLIED), JSON.stringify(writer.unapplied))
      await writeFile(join(place, RECORD), JSON.stringify(record))
      return record
    } finally {
      await lower.close()
    }
  }

  /** Moves a finished layer to its name. Whoever was faster has the same. */
  async #publish(place: string, record: LayerRecord): Promise<UnpackedLayer> {
    for (const digits of NAME_DIGITS) {
      const key = digestHex(record.chainId ?? record.diffId).slice(0, digits)
      // Before it has its name: a collector lists the layers first and reads the pins then.
      this.lease.pin(pinName(this.idMode, key))
      if (await movedTo(place, join(this.#root, key))) {
        await syncDirectory(this.#root)
        return { key, record }
      }
      const other = await readRecord(join(this.#root, key))
      if (other?.diffId === record.diffId && other.chainId === record.chainId) return { key, record: other }
      this.lease.unpin(pinName(this.idMode, key))
    }
    throw new StrataError(`two layers of the name ${record.diffId}`, { code: 'ERR_STORE' })
  }
}

/** The layers below one that is being unpacked, opened when something is first looked up in them. */
class Lower {
  #trees: Promise<readonly UnpackedTree[]> | undefined

  constructor(
    readonly root: string,
    readonly below: Below,
  ) {}

  async find(path: string): Promise<InodeEntry | undefined> {
    this.#trees ??= this.#openAll()
    return findLower(await this.#trees, path)
  }

  async close(): Promise<void> {
    for (const { tree } of (await this.#trees) ?? []) tree[Symbol.dispose]()
  }

  async #openAll(): Promise<readonly UnpackedTree[]> {
    const trees: UnpackedTree[] = []
    for (const { key } of await this.below()) {
      const unapplied = { ...allApplied(), ...(JSON.parse(await readFile(join(this.root, key, UNAPPLIED), 'utf8')) as Unapplied) }
      trees.unshift({ tree: new Beneath(join(this.root, key, TREE)), unapplied })
    }
    return trees
  }
}

const rootOf = ({ mode, uid, gid, mtimeNs }: Metadata): RootMetadata => ({ mode, uid, gid, mtimeNs: String(mtimeNs) })

/** The record of an unpacked layer; undefined where there is none. */
export async function readRecord(directory: string): Promise<LayerRecord | undefined> {
  try {
    return JSON.parse(await readFile(join(directory, RECORD), 'utf8')) as LayerRecord
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function movedTo(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    if (['EEXIST', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) return false
    throw error
  }
}

/** The lease's pin of an unpacked layer. */
export const pinName = (idMode: IdMode, key: string): string => `layer-${idMode}-${key}`
