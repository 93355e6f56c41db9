// pull and push: public options to plans for transfer/, and the rule by which a missing image is pulled.
import { hostPlatform } from '../builder/index.js'
import type { ContentStore, IdMode, Unpacked } from '../content/index.js'
import { integerOption, optionsObject, rejectUnknown, UnsupportedError } from '../core/index.js'
import { type Image, type ImageIndex, type Platform, platformOfImage } from '../image/index.js'
import { matchesPlatform, parsePlatform } from '../oci/index.js'
import {
  checkAuth,
  formatReference,
  namesRegistry,
  parseReference,
  RETRY_POLICY,
  type RegistryAuth,
  type RetryPolicy,
  withDefaultTag,
} from '../registry/index.js'
import { checkRegistries, pullImage, push, type RegistriesSettings, Remotes, type TransferEvent } from '../transfer/index.js'
import { refuseHostBase } from './host-base.js'

/** Options of `pull` and `push`. */
export interface TransferOptions {
  /** Which image of an index is pulled. Default: the one for this machine. */
  readonly platform?: Platform | undefined
  /** Default: what docker's and podman's configuration and helpers say. */
  readonly auth?: RegistryAuth | undefined
  /** Do not check the registry's certificate, and use plain HTTP where it speaks no TLS. Default: false; loopback may always be plain. */
  readonly insecure?: boolean | undefined
  /** Mirrors, certificates and more by registry; added to those of `Store.open`. */
  readonly registries?: RegistriesSettings | undefined
  /** Blobs that move at the same time, 1 to 32. Default: 4. */
  readonly parallel?: number | undefined
  /** How often and how soon a request that fails in passing is tried again. Default: five tries, 250 ms to 30 s apart. */
  readonly retry?: Partial<RetryPolicy> | undefined
  readonly onEvent?: ((event: TransferEvent) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** Options of `push`. */
export interface PushOptions extends Omit<TransferOptions, 'platform'> {
  /** Push an image whose layers sit on this host's own files all the same. Default: false. */
  readonly allowHostBase?: boolean | undefined
}

/** Names of the options of `pull` (and, but for `platform`, of `push`), without `signal`. */
export const TRANSFER_OPTIONS = ['platform', 'auth', 'insecure', 'registries', 'parallel', 'retry', 'onEvent'] as const

const PARALLEL = 4
const PARALLEL_MAX = 32

/** When an image is pulled: if the store lacks it, never, or each time. */
export type PullRule = 'missing' | 'never' | 'always'

const settingsOfStores = new WeakMap<ContentStore, RegistriesSettings>()

/** Sets how all transfers of a store reach registries. */
export const useRegistries = (content: ContentStore, registries: RegistriesSettings): void => void settingsOfStores.set(content, registries)

/** Pulls the image of a reference; kept under the reference as written and under its full name. `onImage` gets it before its layers move; reading one waits for it. */
export async function pullInto(
  content: ContentStore,
  ref: string,
  options: TransferOptions,
  onImage?: (image: Image) => void,
): Promise<Image> {
  const { signal } = options
  const reference = parseReference(ref)
  const { registries, parallel, retry, onEvent } = settingsOf(content, reference.registry, options, 'pull')
  const platform = parsePlatform(options.platform ?? hostPlatform())
  await using remotes = new Remotes({ registries, retry })
  const sources = remotes.sources(reference)
  const descriptor = await pullImage({ reference, sources, content, platform, parallel, onEvent, signal, onImage })
  for (const name of new Set([ref, formatReference(withDefaultTag(reference))])) await content.refs.set(name, descriptor, { signal })
  await content.keepToQuota()
  return content.image(descriptor)
}

/** Pushes an image or index under a reference. */
export async function pushFrom(
  content: ContentStore,
  value: Image | ImageIndex,
  ref: string,
  options: PushOptions,
): Promise<{ digest: string; reference: string }> {
  const { signal, allowHostBase } = options
  const given = parseReference(ref)
  if (given.digest !== undefined && given.digest !== value.digest)
    throw new TypeError(`push: ${ref} names another digest than that of what is pushed, ${value.digest}`)
  const { registries, parallel, retry, onEvent } = settingsOf(content, given.registry, options, 'push')
  if (allowHostBase !== true) await refuseHostBase(value, 'push')
  const reference = withDefaultTag(given)
  await using remotes = new Remotes({ registries, retry })
  const digest = await push({ value, content, remote: remotes.origin(reference), reference, parallel, onEvent, signal })
  const { registry, repository } = reference
  return { digest, reference: formatReference({ registry, repository, digest }) }
}

function settingsOf(content: ContentStore, registry: string, options: TransferOptions, of: string) {
  const { auth, insecure, onEvent = () => {} } = options
  if (typeof onEvent !== 'function') throw new TypeError(`${of}: onEvent must be a function`)
  if (insecure !== undefined && typeof insecure !== 'boolean') throw new TypeError(`${of}: insecure must be a boolean`)
  if (auth !== undefined) checkAuth(auth, `${of}: auth`)
  const all = { ...settingsOfStores.get(content), ...checkRegistries(options.registries, of) }
  const own = { ...all[registry], ...(auth === undefined ? {} : { auth }), ...(insecure === undefined ? {} : { insecure }) }
  const parallel = integerOption(options.parallel, `${of}: parallel`, 1, PARALLEL_MAX) ?? PARALLEL
  const { attempts, minDelayMs, maxDelayMs, ...others } = optionsObject(options.retry, `${of}: retry`)
  rejectUnknown(others, [], `${of}: retry`)
  const retry = {
    attempts: integerOption(attempts, `${of}: retry.attempts`, 1, 100) ?? RETRY_POLICY.attempts,
    minDelayMs: integerOption(minDelayMs, `${of}: retry.minDelayMs`, 0) ?? RETRY_POLICY.minDelayMs,
    maxDelayMs: integerOption(maxDelayMs, `${of}: retry.maxDelayMs`, 0) ?? RETRY_POLICY.maxDelayMs,
  }
  return { registries: { ...all, [registry]: own }, parallel, retry, onEvent }
}

/** Pulls the image of a reference, and unpacks each layer as soon as it is here. Where that fails, whoever unpacks the image next finds out why. */
export async function pullUnpacking(content: ContentStore, ref: string, idMode: IdMode, options: TransferOptions): Promise<Image> {
  const { signal } = options
  let unpacking: Promise<Unpacked | undefined> | undefined
  try {
    return await pullInto(content, ref, options, (image) => {
      unpacking = content.unpacked(image, { idMode, signal }).catch(() => undefined)
    })
  } finally {
    await (await unpacking)?.release()
  }
}

/** What the rule needs of a store. */
interface Places {
  get(ref: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<Image | undefined>
  pull(ref: string, options?: TransferOptions): Promise<Image>
}

/** The image of a reference: of the store, or pulled by the rule. A reference without a registry is a local tag, and never leaves the machine.
 *  @throws UnsupportedError `ERR_IMAGE_NOT_FOUND` */
export async function findOrPull(
  store: Places,
  ref: string,
  rule: PullRule,
  options: { readonly platform?: Platform | undefined; readonly signal?: AbortSignal | undefined },
): Promise<Image> {
  const mayPull = rule !== 'never' && namesRegistry(ref)
  if (mayPull && rule === 'always') return store.pull(ref, options)
  const found = await store.get(ref, { signal: options.signal })
  if (found !== undefined && (!mayPull || (await isFor(found, options.platform)))) return found
  if (mayPull) return store.pull(ref, options)
  throw missing(ref)
}

async function isFor(image: Image, platform: Platform | undefined): Promise<boolean> {
  return platform === undefined || matchesPlatform(await platformOfImage(image), platform)
}

/** The error of a reference that the store does not have. */
export const missing = (ref: string) =>
  new UnsupportedError(`the store has no image '${ref}'`, {
    code: 'ERR_IMAGE_NOT_FOUND',
    remedy: namesRegistry(ref)
      ? 'build, load, tag or pull it first'
      : "build, load or tag it first; a name without a registry is a local tag: to have it pulled, write the registry's name, as in docker.io/library/alpine:3",
  })
