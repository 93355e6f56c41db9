// From public options to a running sandbox: which root, which store, which backend.
import { existsSync, realpathSync } from 'node:fs'
import type { ContentStore, IdMode } from '../content/index.js'
import { optionsObject, signalOption, UnsupportedError } from '../core/index.js'
import type { LayeredHive } from '../hive/index.js'
import type { Image } from '../image/index.js'
import { etcCopy } from '../rootfs/index.js'
import { type BaseSandboxOptions, backend, noDefaults, normalize, type SandboxSpec, Session, type StartInput } from '../sandbox/index.js'
import { defaultStore } from './default-store.js'
import { directoryRoot, imageRootOf, type ResolvedRoot } from './root.js'
import { contentOf, type Store } from './store.js'
import { defaultPath } from './store-options.js'
import { findOrPull, type PullRule, pullUnpacking, type TransferOptions } from './store-transfer.js'

/** Options of `Sandbox.create`. */
export interface SandboxOptions extends BaseSandboxOptions {
  /** Default 'host'. A string is a directory if it is absolute or begins with './' or '../' (read-only below), else a reference. */
  readonly root?: 'host' | Image | string | undefined
  /** Default: `Store.open()`, opened when first needed. */
  readonly store?: Store | undefined
  /** When `root` is pulled: if the store lacks it, never, or each time. Only a reference that names a registry is: a short one ('app:1') is a local tag. Default 'missing'. */
  readonly pull?: PullRule | undefined
  /** Windows only: keys such as `HKLM\\SOFTWARE` that the sandbox sees as these views. What it writes is in their top deltas once the sandbox is closed. */
  readonly registry?: Readonly<Record<string, LayeredHive>> | undefined
}

/** A started sandbox with what `commit` and `fork` need to know of its making. */
export interface Started {
  readonly session: Session
  readonly spec: SandboxSpec
  readonly image: Image | undefined
  readonly isHostRoot: boolean
  readonly root: SandboxOptions['root']
  readonly options: BaseSandboxOptions
  readonly snapshots: readonly string[]
  store(): Promise<Store>
  /** Called when it was closed. */
  readonly release?: (() => Promise<void>) | undefined
}

const isDirectoryName = (root: string): boolean =>
  /^\.{0,2}\//.test(root) || (process.platform === 'win32' && /^(\.{1,2}[\\/]|[A-Za-z]:[\\/]|[\\/])/.test(root))

async function resolveRoot(
  options: SandboxOptions,
  store: () => Promise<Store>,
  content: () => Promise<ContentStore>,
): Promise<ResolvedRoot> {
  const { root = 'host', pull = 'missing', signal } = options
  if (root === 'host') return { input: { kind: 'host' }, image: undefined, defaults: noDefaults }
  if (typeof root === 'string' && root === '') throw new TypeError("root must be 'host', an image, a directory or a reference, not ''")
  if (typeof root === 'string' && isDirectoryName(root)) return directoryRoot(root)
  if (typeof root !== 'string' && (typeof root !== 'object' || root === null || typeof root.manifest !== 'function'))
    throw new TypeError("root must be 'host', an image, a directory or a reference")
  const idMode = (await backend()).idMode()
  const image = typeof root === 'string' ? await imageOf(await store(), root, pull, idMode, signal) : root
  return imageRootOf(image, await content(), idMode, signal)
}

/** The image of a reference. One that has to be pulled is unpacked while it arrives. */
function imageOf(store: Store, ref: string, rule: PullRule, idMode: IdMode, signal: AbortSignal | undefined): Promise<Image> {
  const places = {
    get: (name: string) => store.get(name, { signal }),
    pull: (name: string, options: TransferOptions = {}) => pullUnpacking(contentOf(store), name, idMode, options),
  }
  return findOrPull(places, ref, rule, { signal })
}

/** Starts one. `snapshots`: what a fork stands on. @throws as Sandbox.create */
export async function startSandbox(given: SandboxOptions | undefined, snapshots: readonly string[] = []): Promise<Started> {
  const options = optionsObject(given, 'Sandbox')
  const { root, store: named, pull, registry, ...base } = options
  if (registry !== undefined && process.platform !== 'win32')
    throw new UnsupportedError('registry is for Windows', { remedy: 'leave it out' })
  if (pull !== undefined && !['missing', 'never', 'always'].includes(pull))
    throw new TypeError("pull must be 'missing', 'never' or 'always'")
  const spec = normalize(base)
  const signal = signalOption(base.signal, 'Sandbox.create')
  signal?.throwIfAborted()
  const store = async () => named ?? (await defaultStore())
  const content = async () => contentOf(await store())
  const resolved = await resolveRoot(options, store, content)
  const session = await begin(spec, resolved, content, snapshots, storePaths(named?.path), signal, registry)
  const { signal: _ended, ...kept } = base
  return {
    session,
    spec,
    image: resolved.image,
    isHostRoot: resolved.input.kind === 'host' || (resolved.input.kind === 'tree' && resolved.input.isHost),
    root,
    options: kept,
    snapshots,
    store,
  }
}

const STORE_REMEDY = 'mount a directory in which it is not, or keep the store elsewhere: Store.open({ path }), or $XDG_DATA_HOME'

/** Where sandboxes of this process have their images from. */
const storePaths = (named: string | undefined): string[] => [...(named === undefined ? [] : [named]), defaultPath()]

async function begin(
  spec: SandboxSpec,
  resolved: ResolvedRoot,
  content: () => Promise<ContentStore>,
  snapshots: readonly string[],
  stores: readonly string[],
  signal: AbortSignal | undefined,
  registry?: SandboxOptions['registry'],
): Promise<Session> {
  const input: StartInput = {
    root: resolved.input,
    ...(registry === undefined ? {} : { registry }),
    snapshots,
    scratchDirectory: async () => (await (await content()).scratch()).path,
    cacheDirectory: async (name, idMode) => (await content()).mountCache(name, idMode),
    hiddenPlaces: () => stores.filter(existsSync).map((path) => ({ path: realpathSync(path), what: 'the store', remedy: STORE_REMEDY })),
    etcCopy: async () => (await content()).hostCopies(etcCopy),
  }
  const running = await (await backend()).start(spec, input, signal)
  return new Session(running, spec, resolved.defaults)
}

/** Starts one on an image of `content`: a build's. */
export async function startOn(content: ContentStore, image: Image, options: BaseSandboxOptions): Promise<{ session: Session }> {
  const spec = normalize(options)
  const resolved = await imageRootOf(image, content, (await backend()).idMode(), options.signal)
  return { session: await begin(spec, resolved, async () => content, [], storePaths(content.path), options.signal) }
}
