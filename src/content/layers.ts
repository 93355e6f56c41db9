// Layers unpacked once and shared by every sandbox of their id mode: `layers/<idmode>/<name>/` with the tree `d/` and its records.
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, digestHex, StrataError, UnsupportedError } from '../core/index.js'
import type { Layer } from '../layer/index.js'
import { chainIds } from '../oci/index.js'
import { openDirectory, syncDirectory } from './durable.js'
import { isSettled, type LayerRecord, noteUse, pinName, readRecord, TREE, writeRecord, writtenNow } from './layer-record.js'
import type { Lease } from './lease.js'
import { withLock } from './lock.js'
import { type Below, LowerLayers } from './lower-layers.js'
import { withSpace } from './no-space.js'
import type { IdMode, StorePaths } from './paths.js'
import { Beneath } from './tree/beneath.js'
import { applyOverlay, plainDirectory } from './tree/overlay.js'
import { removeTree } from './tree/remove-tree.js'
import { TreeWriter } from './tree/writer.js'

/** One layer on disk. */
export interface UnpackedLayer {
  /** The directory in `layers/<idmode>/`. */
  readonly key: string
  readonly record: LayerRecord
}

/** A stack of layers in use. */
export interface HeldStack {
  /** The lowest first. */
  readonly layers: readonly UnpackedLayer[]
  /** Whether any of it was unpacked for this. */
  readonly isNew: boolean
  release(): void
}

/** A layer that this process has pinned; it stays so when nobody uses it, and the next one needs no look at the disk. */
interface Warm {
  readonly layer: UnpackedLayer
  users: number
}

/** Digits of the digest in a directory's name: overlay options have one page for all layers. Two layers with the same beginning get longer names. */
const NAME_DIGITS = [12, 20, 64] as const

/** The directory of a layer's tree, relative to `layers/<idmode>`. */
export const treeName = (layer: UnpackedLayer): string => `${layer.key}/${TREE}`

/** The unpacked layers of one store and id mode. */
export class UnpackedLayers {
  readonly #root: string
  readonly #warm = new Map<Digest, Warm>()
  readonly #underWay = new Map<Digest, Promise<void>>()
  #unpackedCount = 0

  constructor(
    readonly paths: StorePaths,
    readonly lease: Lease,
    readonly idMode: IdMode,
  ) {
    this.#root = paths.layers(idMode)
  }

  /** Unpacks what is missing of a stack (the lowest first). All of it stays until released. */
  async hold(layers: readonly Layer[], signal: AbortSignal | undefined): Promise<HeldStack> {
    if (this.idMode === 'sub') {
      throw new UnsupportedError('layers with subordinate ids are not unpacked by this version', { remedy: "use idMode 'single'" })
    }
    const before = this.#unpackedCount
    const chains = chainIds(layers.map((layer) => layer.diffId))
    const holding: Promise<Warm>[] = []
    for (const [at, layer] of layers.entries()) {
      const lower = holding.slice()
      const below = async () => (await Promise.all(lower)).map((warm) => warm.layer.key)
      holding.push(this.#hold(layer, chains[at]!, below, signal))
    }
    const settled = await Promise.allSettled(holding)
    const held = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    const failed = settled.find((result) => result.status === 'rejected')
    let isReleased = false
    const release = () => {
      if (!isReleased) for (const warm of held) warm.users--
      isReleased = true
    }
    if (failed !== undefined) {
      release()
      throw failed.reason
    }
    return { layers: held.map((warm) => warm.layer), isNew: this.#unpackedCount > before, release }
  }

  /** Lets the collector have what nobody here uses. */
  letGo(): void {
    for (const [chainId, { layer, users }] of this.#warm) {
      if (users > 0) continue
      this.#warm.delete(chainId)
      this.lease.unpin(pinName(this.idMode, layer.key))
    }
  }

  async #hold(layer: Layer, chainId: Digest, below: Below, signal: AbortSignal | undefined): Promise<Warm> {
    for (;;) {
      const warm = this.#warm.get(chainId)
      if (warm !== undefined) {
        warm.users++
        return warm
      }
      const running = this.#underWay.get(chainId)
      if (running === undefined) await this.#bring(layer, chainId, below, signal)
      // Whether somebody else's attempt failed or was aborted is not our matter: we look again.
      else await Promise.allSettled([running])
      signal?.throwIfAborted()
    }
  }

  /** Finds or unpacks a layer, which is warm then. */
  async #bring(layer: Layer, chainId: Digest, below: Below, signal: AbortSignal | undefined): Promise<void> {
    const work = (async () => {
      const found = (await this.#find(layer.diffId, chainId, signal)) ?? (await this.#unpack(layer, chainId, below, signal))
      this.#warm.set(chainId, { layer: found, users: 0 })
    })()
    this.#underWay.set(chainId, work)
    try {
      await work
    } finally {
      this.#underWay.delete(chainId)
    }
  }

  /** The layer on disk, pinned; undefined where it has to be unpacked. */
  #find(diffId: Digest, chainId: Digest, signal: AbortSignal | undefined): Promise<UnpackedLayer | undefined> {
    if (this.lease.isReadOnly) return this.#look(diffId, chainId)
    // Not while a collection is under way: it could have read the pins already.
    return withLock(this.paths.collectLock(), false, signal, async () => {
      const found = await this.#look(diffId, chainId)
      if (found === undefined) return undefined
      this.lease.pin(pinName(this.idMode, found.key))
      await noteUse(join(this.#root, found.key))
      return found
    })
  }

  async #look(diffId: Digest, chainId: Digest): Promise<UnpackedLayer | undefined> {
    for (const digest of new Set([diffId, chainId])) {
      for (const digits of NAME_DIGITS) {
        const key = digestHex(digest).slice(0, digits)
        const directory = join(this.#root, key)
        const record = await readRecord(directory)
        if (record === undefined) break
        if (record.diffId !== diffId || (record.chainId ?? chainId) !== chainId) continue
        if (await isSettled(directory, record, this.lease.isReadOnly)) return { key, record }
      }
    }
    return undefined
  }

  #unpack(layer: Layer, chainId: Digest, below: Below, signal: AbortSignal | undefined): Promise<UnpackedLayer> {
    this.lease.checkWritable(`unpacking layer ${layer.diffId}, which a sandbox needs`)
    // Processes that want the same layer wait for the first, instead of unpacking it as often. A layer waits only for those below it: no circle.
    return withLock(join(this.paths.locks(), `layer-${this.idMode}-${digestHex(chainId).slice(0, 20)}`), true, signal, async () => {
      const found = await this.#find(layer.diffId, chainId, signal)
      if (found !== undefined) return found
      const trash = await openDirectory(this.paths.temporary())
      const name = this.lease.unusedName()
      try {
        const place = join(this.paths.temporary(), name)
        const record = await withSpace('unpacking a layer', () => this.#fill(trash.fd, place, layer, chainId, below, signal))
        this.#unpackedCount++
        return await this.#publish(trash.fd, name, record)
      } finally {
        await removeTree(trash.fd, name)
        await trash.close()
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
    await using lower = new LowerLayers(this.#root, below)
    const writer = new TreeWriter(tree, this.idMode, { fd: trashFd, unusedName: () => this.lease.unusedName() })
    await writer.directory(plainDirectory('/'))
    const { dependsOnLower, root } = await applyOverlay(writer, layer.entries(), (path) => lower.find(path), signal)
    const record: LayerRecord = {
      version: 1,
      diffId: layer.diffId,
      ...(dependsOnLower ? { chainId } : {}),
      ...(root === undefined ? {} : { root: { mode: root.mode, uid: root.uid, gid: root.gid, mtimeNs: String(root.mtimeNs) } }),
      bytes: writer.bytes,
      written: writtenNow(),
    }
    await writeRecord(place, record, writer.unapplied)
    return record
  }

  /** Moves a finished layer to its name. Whoever was faster has the same. */
  async #publish(trashFd: number, name: string, record: LayerRecord): Promise<UnpackedLayer> {
    const place = join(this.paths.temporary(), name)
    for (const digits of NAME_DIGITS) {
      const key = digestHex(record.chainId ?? record.diffId).slice(0, digits)
      const directory = join(this.#root, key)
      // Before it has its name: a collector lists the layers first and reads the pins then.
      this.lease.pin(pinName(this.idMode, key))
      if (await movedTo(place, directory)) {
        await syncDirectory(this.#root)
        return { key, record }
      }
      const other = await readRecord(directory)
      const isSame = other?.diffId === record.diffId && other.chainId === record.chainId
      if (isSame && (await isSettled(directory, other))) return { key, record: other }
      if (other === undefined || isSame) {
        // Left by a power cut: nobody can be using it, since whoever looks at it comes to the same conclusion.
        const broken = this.lease.unusedName()
        if (await movedTo(directory, join(this.paths.temporary(), broken))) await removeTree(trashFd, broken)
        if (await movedTo(place, directory)) return { key, record }
      }
      this.lease.unpin(pinName(this.idMode, key))
    }
    throw new StrataError(`two layers of the name ${record.diffId}`, { code: 'ERR_STORE' })
  }
}

async function movedTo(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    if (['EEXIST', 'ENOTEMPTY', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) return false
    throw error
  }
}
