// The content store: an OCI image layout in place (image-spec image-layout.md), with unpacked layers, scratch directories and leases beside it.
import { mkdir } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { ClosedError } from '../core/index.js'
import type { Image, ImageIndex } from '../image/index.js'
import type { Spool } from '../layer/index.js'
import type { Descriptor } from '../oci/index.js'
import { Blobs } from './blobs.js'
import { type Collected, collectUnused } from './collect.js'
import { EntryCache } from './entry-cache.js'
import { keepImage, openImage } from './images.js'
import { LayerCache } from './layer-cache.js'
import type { RootMetadata } from './layer-record.js'
import { treeName, UnpackedLayers } from './layers.js'
import type { Lease } from './lease.js'
import { useMountCache } from './mount-caches.js'
import { leaseOfReader, leaseOfUser } from './opening.js'
import { type IdMode, StorePaths } from './paths.js'
import { Quota } from './quota.js'
import { isUnwritable, readOnlyError } from './read-only.js'
import { Refs } from './refs.js'
import { type Repaired, repairStore } from './repair.js'
import { blobSpool } from './spool.js'
import { type Trimmed, trimCaches } from './trim.js'
import { measureUsage, type StoreUsage } from './usage.js'
import { type StoreProblem, verifyStore } from './verify.js'

/** The layers of an image on disk, in use until released. */
export interface Unpacked {
  /** `<store>/layers/<idmode>`. */
  readonly root: string
  /** Directories relative to `root`, the lowest layer first; fit for an overlay's options. */
  readonly names: readonly string[]
  /** What the image says of '/'; undefined: nothing. */
  readonly rootMetadata: RootMetadata | undefined
  /** Lets go of the layers. Twice is fine. */
  release(): Promise<void>
}

/** A directory of a sandbox on the store's disk. */
export interface Scratch {
  readonly path: string
}

const IMAGES_KEPT = 64

type Signal = { readonly signal?: AbortSignal | undefined }

/** How a store is opened. */
export interface OpenOptions extends Signal {
  /** Only read. Default: where it cannot be written. */
  readonly readOnly?: boolean | undefined
  /** Caches go while the store has more bytes than this. Default: no limit. */
  readonly quotaBytes?: number | undefined
}

/** One opened store. Several processes may have it open. */
export class ContentStore implements AsyncDisposable {
  readonly blobs: Blobs
  readonly refs: Refs
  /** Layers by what they were made of. */
  readonly cache: LayerCache
  /** Entries of layers. */
  readonly entries: EntryCache
  readonly #layers = new Map<IdMode, UnpackedLayers>()
  readonly #images = new Map<string, Image>()
  readonly #lease: Lease
  readonly #quota: Quota | undefined
  #isClosed = false

  private constructor(
    readonly paths: StorePaths,
    lease: Lease,
    quotaBytes?: number,
  ) {
    this.#lease = lease
    this.#quota = quotaBytes === undefined ? undefined : new Quota(() => this.#trimTo(quotaBytes))
    this.blobs = new Blobs(paths, lease)
    this.refs = new Refs(paths, lease)
    this.cache = new LayerCache(this.blobs)
    this.entries = new EntryCache(this.blobs)
  }

  /** Opens the store in the directory `path` (absolute), makes it where it is absent or empty, and sweeps what dead processes left. One that is there and cannot
   *  be written (or with `readOnly`) is only read, and not even locked.
   *  @throws StrataError `ERR_STORE` for a directory with something else in it, `ERR_STORE_READ_ONLY` where none is and none can be made */
  static async open(path: string, options: OpenOptions = {}): Promise<ContentStore> {
    if (!isAbsolute(path)) throw new TypeError(`the path of a store must be absolute: ${path}`)
    options.signal?.throwIfAborted()
    const paths = new StorePaths(path)
    const isReadOnly = options.readOnly === true || (await isUnwritable(paths))
    const lease = isReadOnly ? await leaseOfReader(paths) : await leaseOfUser(paths, options.signal)
    const store = new ContentStore(paths, lease, isReadOnly ? undefined : options.quotaBytes)
    await store.keepToQuota()
    return store
  }

  /** Whether it is only read: nobody else sees what this process uses. */
  get isReadOnly(): boolean {
    return this.#lease.isReadOnly
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  get path(): string {
    return this.paths.root
  }

  /** For layers made here: their bytes become blobs. */
  spool(options: Signal = {}): Spool {
    this.#checkOpen()
    return blobSpool(this.blobs, options.signal)
  }

  /** The image that a descriptor names. Lazy; the last ones asked for are remembered with what was read of them. */
  image(descriptor: Descriptor): Image {
    const known = this.#images.get(descriptor.digest)
    if (known !== undefined) return known
    const image = openImage(this.blobs, descriptor)
    if (this.#images.size >= IMAGES_KEPT) this.#images.clear()
    this.#images.set(descriptor.digest, image)
    return image
  }

  /** Brings all of an image or index into the store and keeps it until the next collection. */
  async keep(image: Image | ImageIndex, options: Signal = {}): Promise<Descriptor> {
    this.#checkOpen()
    const descriptor = await keepImage(this.blobs, image, options.signal)
    await this.keepToQuota()
    return descriptor
  }

  /** The layers of an image as overlayfs lower directories, each unpacked once. @throws FormatError for layers that are not as they should be */
  async unpacked(image: Image, options: { readonly idMode: IdMode } & Signal): Promise<Unpacked> {
    this.#checkOpen()
    const { idMode, signal } = options
    const { layers, isNew, release } = await this.#layersOf(idMode).hold(await image.layers(), signal)
    const names = layers.map(treeName)
    if (isNew) await this.keepToQuota()
    return {
      root: this.paths.layers(idMode),
      // The kernel refuses a directory twice in one overlay. All that a layer says is said again where it comes again, so the last one is enough.
      names: names.filter((name, index) => names.lastIndexOf(name) === index),
      rootMetadata: [...layers].reverse().find((layer) => layer.record.root !== undefined)?.record.root,
      release: async () => release(),
    }
  }

  /** A new, empty directory for a sandbox's writes, 0700; removed by whoever asked for it, or when this process is gone. */
  async scratch(): Promise<Scratch> {
    this.#checkOpen()
    const path = join(this.paths.sandboxes(), this.#lease.unusedName())
    await mkdir(path, { mode: 0o700 })
    return { path }
  }

  /** The directory of a cache mount. */
  async mountCache(name: string, idMode: IdMode): Promise<string> {
    this.#checkOpen()
    return useMountCache(this.paths, this.#lease, name, idMode)
  }

  /** Where copies of the host's own files are made (`work`); in a store that cannot be written those that are there can be used. */
  async hostCopies<T>(work: (directory: string) => Promise<T>): Promise<T> {
    this.#checkOpen()
    try {
      return await work(this.paths.cache())
    } catch (error) {
      if (this.isReadOnly && typeof (error as NodeJS.ErrnoException).errno === 'number') throw readOnlyError("copying the host's /etc")
      throw error
    }
  }

  /** Removes what no reference leads to, no live process uses and no sandbox runs on. Images that this process keeps without a reference go too. */
  async collect(options: Signal = {}): Promise<Collected> {
    this.#letGo()
    return collectUnused(this.blobs, this.refs, options.signal)
  }

  /** Reads every blob and follows every reference. */
  async verify(options: Signal = {}): Promise<readonly StoreProblem[]> {
    this.#checkOpen()
    return verifyStore(this.blobs, this.refs, options.signal)
  }

  /** What is on disk, by kind. */
  async usage(options: Signal = {}): Promise<StoreUsage> {
    this.#checkOpen()
    return measureUsage(this.blobs, this.refs, options.signal)
  }

  /** Removes caches, the least recently used first, until at most `maxBytes` are left. */
  async trim(maxBytes: number, options: Signal = {}): Promise<Trimmed> {
    this.#letGo()
    return trimCaches(this.blobs, this.refs, maxBytes, options.signal)
  }

  /** Brings back blobs that are missing or wrong. */
  async repair(sources: readonly (Image | ImageIndex)[], options: Signal = {}): Promise<Repaired> {
    this.#checkOpen()
    this.#images.clear()
    return repairStore(this.blobs, this.refs, sources, options.signal)
  }

  /** Keeps to the quota, if there is one, after something was added. What anybody uses, and what this process keeps without a reference, stays. */
  async keepToQuota(): Promise<void> {
    await this.#quota?.settle()
  }

  /** Ends this process's use of the store. Twice is fine. */
  async close(): Promise<void> {
    if (!this.#isClosed && this.#quota !== undefined) {
      this.blobs.letGo()
      await this.keepToQuota()
    }
    this.#isClosed = true
    await this.#lease.release()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #layersOf(idMode: IdMode): UnpackedLayers {
    const layers = this.#layers.get(idMode) ?? new UnpackedLayers(this.paths, this.#lease, idMode)
    this.#layers.set(idMode, layers)
    return layers
  }

  #trimTo(maxBytes: number): Promise<Trimmed> {
    for (const layers of this.#layers.values()) layers.letGo()
    return trimCaches(this.blobs, this.refs, maxBytes)
  }

  /** What only this process keeps, and does not use. */
  #letGo(): void {
    this.#checkOpen()
    this.blobs.letGo()
    for (const layers of this.#layers.values()) layers.letGo()
    this.#images.clear()
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new ClosedError('the store is closed')
  }
}
