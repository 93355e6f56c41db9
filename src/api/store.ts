// The public Store: references and defaults resolved here, everything else in content/, builder/ and archive/.
import { resolve } from 'node:path'
import type { ArchiveItem } from '../archive/index.js'
import { type BuildBase, hostPlatform, ImageBuilder } from '../builder/index.js'
import {
  ContentStore,
  namesIndex,
  openIndex,
  type Repaired,
  type StoreProblem,
  type StoreUsage,
  type Trimmed,
  unpackMerged,
} from '../content/index.js'
import { type Abortable, ClosedError, callOptions, integerOption, optionsObject, rejectUnknown, stringOption } from '../core/index.js'
import { type Image, type ImageIndex, imageFor, indexOf, isImageIndex, type Platform } from '../image/index.js'
import { checkRegistries } from '../transfer/index.js'
import { providedRunStep } from './run-step.js'
import { type LoadSource, loadSource, type SaveFormat, type SaveTarget, saveTarget, saveTo, withLoaded } from './store-archive.js'
import { checkRef, defaultPath, type Saved, type SaveOptions, type StoreOptions, withTag } from './store-options.js'
import {
  findOrPull,
  missing,
  type PullRule,
  type PushOptions,
  pullInto,
  pushFrom,
  TRANSFER_OPTIONS,
  type TransferOptions,
  useRegistries,
} from './store-transfer.js'

const contents = new WeakMap<Store, ContentStore>()

/** The content store behind a Store, for what else is in api/. @throws ClosedError */
export function contentOf(store: Store): ContentStore {
  const content = contents.get(store)
  if (content === undefined) throw new TypeError('store must be a Store from Store.open()')
  if (content.isClosed) throw new ClosedError('the store is closed', { remedy: 'open it again' })
  return content
}

/** A place on disk with images in it; in itself an OCI image layout. Several processes may have the same one open. */
export class Store implements AsyncDisposable {
  private constructor(content: ContentStore) {
    contents.set(this, content)
  }

  /** Opens the store at `path`, which is made if absent. Default: `$XDG_DATA_HOME/stratabox`, else `~/.local/share/stratabox` (on Windows
   *  `%LOCALAPPDATA%\stratabox`). `registries`: mirrors, certificates and more for all pulls and pushes, by registry. With `readOnly`, or where this user may not write, it is only read, and what would
   *  write is a StrataError `ERR_STORE_READ_ONLY`. `quotaBytes`: caches go while it has more. @throws StrataError `ERR_STORE` for a directory with something else in it */
  static async open(options?: StoreOptions): Promise<Store> {
    const { path, readOnly, quotaBytes, registries, signal } = callOptions(options, 'Store.open', [
      'path',
      'readOnly',
      'quotaBytes',
      'registries',
    ])
    const settings = checkRegistries(registries, 'Store.open')
    if (stringOption(path, 'path') === '') throw new TypeError('path must not be empty')
    if (readOnly !== undefined && typeof readOnly !== 'boolean') throw new TypeError('Store.open: readOnly must be a boolean')
    const how = { readOnly, quotaBytes: integerOption(quotaBytes, 'quotaBytes', 0), signal }
    const content = await ContentStore.open(path === undefined ? defaultPath() : resolve(path), how)
    useRegistries(content, settings)
    return new Store(content)
  }

  /** The store's directory. */
  get path(): string {
    return contents.get(this)!.path
  }

  /** Whether it is only read. */
  get isReadOnly(): boolean {
    return contents.get(this)!.isReadOnly
  }

  /** Begins an image on nothing, on the host's own system files, or on an image; `pull` says when one that is on a registry is pulled. */
  build(base: BuildBase, options?: { readonly pull?: PullRule | undefined }): ImageBuilder {
    const { pull } = optionsObject(options, 'build')
    rejectUnknown(options ?? {}, ['pull'], 'build')
    if (pull !== undefined && !['missing', 'never', 'always'].includes(pull))
      throw new TypeError("build: pull must be 'missing', 'never' or 'always'")
    const isImage = typeof base === 'object' && base !== null && typeof base.manifest === 'function'
    if (!isImage && (typeof base !== 'string' || base === ''))
      throw new TypeError("build: base must be 'scratch', 'host', an image or a reference")
    const context = {
      content: contentOf(this),
      resolve: (ref: string, signal: AbortSignal | undefined, platform?: Platform) =>
        findOrPull(this, ref, pull ?? 'missing', { signal, platform }),
      tag: (image: Image, ref: string, signal: AbortSignal | undefined) => this.tag(image, ref, { signal }),
      runStep: providedRunStep(contentOf(this)),
    }
    return new ImageBuilder(context, base)
  }

  /** The image that a reference names, for this machine's platform where it names several; undefined where there is none. */
  async get(ref: string, options?: Abortable): Promise<Image | undefined> {
    callOptions(options, 'get')
    const found = await this.#find(checkRef(ref))
    if (found === undefined || !isImageIndex(found)) return found
    return imageFor(found, hostPlatform())
  }

  /** All references with their images; one that names an index comes with its image for this machine. */
  async *list(options?: Abortable): AsyncGenerator<{ ref: string; image: Image }> {
    const { signal } = callOptions(options, 'list')
    for (const { ref } of await contentOf(this).refs.list()) {
      signal?.throwIfAborted()
      const image = await this.get(ref)
      if (image !== undefined) yield { ref, image }
    }
  }

  /** Lets `ref` name an image or index (which is brought into the store) from now on. */
  async tag(image: Image | ImageIndex, ref: string, options?: Abortable): Promise<void> {
    const { signal } = callOptions(options, 'tag')
    const content = contentOf(this)
    checkRef(ref)
    const descriptor = await content.keep(image, { signal })
    await content.refs.set(ref, descriptor, { signal })
  }

  /** Removes a reference. The image stays until the next `gc`. @throws UnsupportedError `ERR_IMAGE_NOT_FOUND` */
  async untag(ref: string, options?: Abortable): Promise<void> {
    const { signal } = callOptions(options, 'untag')
    if (!(await contentOf(this).refs.delete(checkRef(ref), { signal }))) throw missing(ref)
  }

  /** One index for the images of several platforms. */
  async index(images: readonly Image[], options?: { readonly tag?: string | undefined } & Abortable): Promise<ImageIndex> {
    const { tag, signal } = callOptions(options, 'index', ['tag'])
    const index = await indexOf(images)
    const content = contentOf(this)
    const descriptor = await content.keep(index, { signal })
    if (tag !== undefined) await content.refs.set(checkRef(tag), descriptor, { signal })
    return openIndex(content.blobs, descriptor)
  }

  /** Brings in all images of an OCI layout directory, an OCI archive or a docker archive (found out by looking; archives may be compressed), under the
   *  references they have there. `from`: a path, '-' for this process's standard input, or a stream of an archive's bytes.
   *  @throws FormatError | DigestMismatchError for what is not as it should be; nothing is referenced then */
  async load(from: LoadSource, options?: Abortable): Promise<Image[]> {
    const { signal } = callOptions(options, 'load')
    const content = contentOf(this)
    return withLoaded(loadSource(from), { content, signal }, async (items) => {
      const loaded: { value: Image | ImageIndex; refs: readonly string[] }[] = []
      for (const { value, refs } of items) {
        for (const ref of refs) checkRef(ref)
        const descriptor = await content.keep(value, { signal })
        loaded.push({ value: isImageIndex(value) ? openIndex(content.blobs, descriptor) : content.image(descriptor), refs })
      }
      const images: Image[] = []
      for (const { value, refs } of loaded) {
        for (const ref of refs) await this.tag(value, ref, { signal })
        if (isImageIndex(value)) images.push(...(await value.images()).map(({ image }) => image))
        else images.push(value)
      }
      return images
    })
  }

  /** Writes an image, or several, to the host, for other tools: whole or not at all. A docker archive holds one platform: of an index, this machine's.
   *  `to`: a path, '-' for this process's standard output, or a stream, which takes an archive and is ended.
   *  @throws UnsupportedError for an image on the host's own files, unless `allowHostBase` */
  async save(image: Saved | readonly Saved[], to: SaveTarget, options: SaveOptions): Promise<void> {
    const { format, allowHostBase = false, signal } = callOptions(options, 'save', ['format', 'allowHostBase'])
    if (!['oci-layout', 'oci-archive', 'docker-archive'].includes(format as string)) {
      throw new TypeError("save: format must be 'oci-layout', 'oci-archive' or 'docker-archive'")
    }
    const target = saveTarget(to)
    const items: ArchiveItem[] = []
    for (const each of Array.isArray(image) ? (image as readonly Saved[]) : [image as Saved])
      items.push(await this.#saved(each, format, signal))
    if (items.length === 0) throw new TypeError('save: at least one image')
    await saveTo(items, target, { format, allowHostBase: allowHostBase === true, signal })
  }

  async #saved(image: Saved, format: SaveFormat, signal: AbortSignal | undefined): Promise<ArchiveItem> {
    const isDocker = format === 'docker-archive'
    if (typeof image !== 'string') {
      if (typeof image?.digest !== 'string') throw new TypeError('save: an image, an index or a reference')
      return { value: isDocker && isImageIndex(image) ? ((await imageFor(image, hostPlatform())) ?? image) : image, refs: [] }
    }
    const value = isDocker ? await this.#named(image, signal) : await this.#find(checkRef(image))
    if (value === undefined) throw missing(image)
    return { value, refs: [isDocker ? withTag(image) : image] }
  }

  /** Writes the merged tree of an image as plain files into a directory that is empty or absent. As an ordinary user all files are the user's, and
   *  devices are left out. */
  async unpack(image: Image | string, directory: string, options?: Abortable): Promise<void> {
    const { signal } = callOptions(options, 'unpack')
    const value = typeof image === 'string' ? await this.#named(image, signal) : image
    await unpackMerged(value, resolve(directory), { idMode: process.getuid?.() === 0 ? 'root' : 'single', signal })
  }

  /** Pulls an image from its registry: for this machine's platform unless another is named, only what the store lacks. Kept under `ref` as written and under its full
   *  name (`alpine:3` is `docker.io/library/alpine:3`). What a pull that failed or was aborted got is used by the next; `gc` removes it.
   *  @throws RegistryError @throws DigestMismatchError @throws FormatError @throws UnsupportedError `ERR_PLATFORM` for an index without that platform */
  async pull(ref: string, options?: TransferOptions): Promise<Image> {
    const given = callOptions(options, 'pull', TRANSFER_OPTIONS)
    return pullInto(contentOf(this), checkRef(ref), given)
  }

  /** Pushes an image, or an index with all its images; what the registry has is not sent again. The tag is set last. Default tag: `latest`.
   *  @throws RegistryError @throws UnsupportedError for an image on the host's own files, unless `allowHostBase` */
  async push(image: Saved, ref: string, options?: PushOptions): Promise<{ digest: string; reference: string }> {
    const given = callOptions(options, 'push', [...TRANSFER_OPTIONS.filter((name) => name !== 'platform'), 'allowHostBase'])
    const value = typeof image === 'string' ? await this.#find(checkRef(image)) : image
    if (value === undefined) throw missing(image as string)
    if (typeof value?.digest !== 'string') throw new TypeError('push: an image, an index or a reference')
    return pushFrom(contentOf(this), value, checkRef(ref), given)
  }

  /** Removes what has no reference and no running sandbox, in this process or another; images of this process without a reference go too. */
  async gc(options?: Abortable): Promise<{ removedBlobs: number; removedLayers: number; freedBytes: number }> {
    const { signal } = callOptions(options, 'gc')
    return contentOf(this).collect({ signal })
  }

  /** Reads everything and says what is wrong. */
  async verify(options?: Abortable): Promise<{ problems: readonly StoreProblem[] }> {
    const { signal } = callOptions(options, 'verify')
    return { problems: await contentOf(this).verify({ signal }) }
  }

  /** Writes again what `verify` finds missing or wrong, out of what can be loaded (see `load`) or an image of anywhere, such as a registry. References stay as
   *  they are. @throws FormatError | DigestMismatchError for a source that is wrong itself */
  async repair(from: LoadSource | Image | ImageIndex, options?: Abortable): Promise<Repaired> {
    const { signal } = callOptions(options, 'repair')
    const content = contentOf(this)
    if (typeof from === 'object' && 'digest' in from) return content.repair([from], { signal })
    return withLoaded(loadSource(from), { content, signal }, (items) =>
      content.repair(
        items.map(({ value }) => value),
        { signal },
      ),
    )
  }

  /** What is on disk, by kind: images, blobs without a reference, unpacked layers, caches. In bytes of content. */
  async usage(options?: Abortable): Promise<StoreUsage> {
    const { signal } = callOptions(options, 'usage')
    return contentOf(this).usage({ signal })
  }

  /** Removes caches (unpacked layers, results of build steps), the least recently used first, until the store has at most `maxBytes`. Images with a reference and
   *  what anybody uses stay, so more may be left: see `bytes`. */
  async trim(options: { readonly maxBytes: number } & Abortable): Promise<Trimmed> {
    const { maxBytes, signal } = callOptions(options, 'trim', ['maxBytes'])
    const limit = integerOption(maxBytes, 'trim: maxBytes', 0)
    if (limit === undefined) throw new TypeError('trim: maxBytes is missing')
    return contentOf(this).trim(limit, { signal })
  }

  /** Ends this process's use of the store. Twice is fine. */
  async close(): Promise<void> {
    await contents.get(this)!.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #find(ref: string): Promise<Image | ImageIndex | undefined> {
    const content = contentOf(this)
    const descriptor = await content.refs.get(ref)
    if (descriptor === undefined) return undefined
    return namesIndex(descriptor) ? openIndex(content.blobs, descriptor) : content.image(descriptor)
  }

  async #named(ref: string, signal: AbortSignal | undefined): Promise<Image> {
    const image = await this.get(ref, { signal })
    if (image === undefined) throw missing(ref)
    return image
  }
}
