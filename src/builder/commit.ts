// Carries out the steps of a build: each filesystem step a layer, each configuration step an entry of the history.
import { UnsupportedError } from '../core/index.js'
import { appendLayer, emptyImage, type Image, type Platform, withAnnotations, withConfig } from '../image/index.js'
import { type Change, type Layer, layerFromChanges } from '../layer/index.js'
import { parsePlatform, USER_DATABASE_MAX_BYTES } from '../oci/index.js'
import { fromWindowsEntry, toWindowsChanges } from '../windows-layer/index.js'
import { changesOf, entriesOf, type LayerMaking, layerOfFiles, type MadeLayer, runKey } from './cached-layer.js'
import { insideWorkdir } from './config-steps.js'
import type { BuildEvent } from './event.js'
import { hostBase } from './host-base.js'
import { LayerDraft } from './layer-draft.js'
import { type Owner, type OwnerSpec, resolveOwner } from './owner.js'
import type { RunStep } from './run-step.js'
import type { Stages } from './stages.js'
import type { BuildStep } from './step.js'
import { addCopy } from './steps/copy.js'
import type { CopySource } from './steps/copy-source.js'
import { addPrograms } from './steps/program.js'
import { registryChanges } from './steps/registry.js'
import { type Base, BuildTree, emptyBase, imageBase } from './tree.js'
import { textOf } from './tree-text.js'

/** Says that an image's layers sit on the host's own system files, which are not in it. */
export const BASE_ANNOTATION = 'dev.stratabox.base'

type FileStep = Exclude<BuildStep, { kind: 'config' | 'run' | 'registry' }>

/** What a commit works with; everything decided. */
export interface CommitPlan extends LayerMaking {
  readonly base: Image | 'scratch' | 'host'
  readonly steps: readonly BuildStep[]
  readonly platform: Platform
  readonly createdAt: Date
  readonly runStep: RunStep | undefined
  readonly onEvent: (event: BuildEvent) => void
  /** The builders that steps copy from. */
  readonly stages: Stages
}

/** Builds the image; its layers are in the store. */
export async function carryOut(plan: CommitPlan): Promise<Image> {
  const created = plan.createdAt.toISOString().replace('.000Z', 'Z')
  let image = await baseImage(plan, created)
  const tree = new BuildTree(treeBase(plan, image))
  for (const [index, step] of plan.steps.entries()) {
    plan.signal?.throwIfAborted()
    const { name } = step
    const startedAt = performance.now()
    plan.onEvent({ kind: 'start', index, count: plan.steps.length, name })
    const history = { created, created_by: name }
    let made: MadeLayer | undefined
    if (step.kind === 'config') {
      image = await withConfig(image, (config) => ({ ...config, created, config: step.edit(config.config ?? {}) }), history)
    } else {
      made = await layerOf(plan, step, index, image, tree)
      image = await appendLayer(image, made.layer, history)
    }
    const layer = made === undefined ? {} : { digest: made.layer.digest, bytes: made.layer.size }
    plan.onEvent({ kind: 'done', index, name, cached: made?.cached ?? false, ...layer, durationMs: performance.now() - startedAt })
  }
  return image
}

async function layerOf(
  plan: CommitPlan,
  step: Exclude<BuildStep, { kind: 'config' }>,
  index: number,
  image: Image,
  tree: BuildTree,
): Promise<MadeLayer> {
  const isWindows = isForWindows(plan.platform)
  if (step.kind === 'registry') {
    if (!isWindows)
      throw new UnsupportedError('registry: only Windows images have a registry', {
        remedy: "commit({ platform: 'windows/amd64' }), or a Windows base",
      })
    return layerOfFiles(await registryChanges(step.edits, await image.layers(), plan.createdAt), plan)
  }
  if (step.kind === 'run') {
    if (isWindows && process.platform !== 'win32')
      throw new UnsupportedError('run: commands of a Windows image run on Windows alone', {
        remedy: 'copy files and edit the registry instead',
      })
    return runStep(plan, step, index, image, tree)
  }
  return fileStep(plan, step, image, tree)
}

async function baseImage(plan: CommitPlan, created: string): Promise<Image> {
  const { base, platform } = plan
  if (base === 'scratch') return emptyImage({ platform, created })
  if (base === 'host') return withAnnotations(await emptyImage({ platform, created }), { [BASE_ANNOTATION]: 'host' })
  return base
}

function treeBase({ base, content, platform }: CommitPlan, image: Image): Base {
  if (base === 'scratch') return emptyBase
  if (base === 'host') return hostBase
  if (!isForWindows(platform)) return imageBase(image, 'as stored', (layer) => content.entries.entries(layer))
  return imageBase(image, 'windows', async (layer) =>
    (await content.entries.entries(layer)).flatMap((entry) => fromWindowsEntry(entry) ?? []),
  )
}

const isForWindows = (platform: Platform): boolean => parsePlatform(platform).os === 'windows'

async function fileStep(plan: CommitPlan, step: FileStep, image: Image, tree: BuildTree): Promise<MadeLayer> {
  const draft = new LayerDraft(tree, mtimeOf(plan.createdAt))
  const source = step.kind === 'copy' ? await step.open(plan) : undefined
  try {
    await fill(draft, step, { plan, source, inside: await workdirOf(image), ownerOf: (owner) => ownerOf(plan, image, tree, owner) })
    const changes = draft.changes()
    const stored = isForWindows(plan.platform) ? toWindowsChanges(changes, draft.mtimeNs) : changes
    const made = await layerOfFiles(stored, plan)
    if (!made.cached) await plan.content.entries.remember(made.layer.diffId, entriesOf(stored))
    tree.apply(changes)
    return made
  } finally {
    await source?.close()
  }
}

async function runStep(
  plan: CommitPlan,
  step: Extract<BuildStep, { kind: 'run' }>,
  index: number,
  image: Image,
  tree: BuildTree,
): Promise<MadeLayer> {
  const { content, compression, signal } = plan
  if (plan.runStep === undefined)
    throw new UnsupportedError('run: no sandboxes were loaded to run commands in', { remedy: "import 'stratabox'" })
  const request = { image, isHostBase: plan.base === 'host', command: step.command, options: step.options }
  const key = await runKey(request, plan, plan.createdAt)
  const found = key === undefined ? undefined : await content.cache.find(key)
  if (found !== undefined) {
    tree.apply(changesOf(await content.entries.entries(found)))
    return { layer: found, cached: true }
  }
  await content.keep(image, { signal })
  const onOutput = (stream: 'stdout' | 'stderr', text: string) => plan.onEvent({ kind: 'output', index, stream, text })
  await using result = await plan.runStep({ ...request, onOutput, signal })
  const changes: Change[] = []
  for await (const change of result.changes()) changes.push(clamped(change, mtimeOf(plan.createdAt)))
  const layer = await layerFromChanges(changes, { compression, signal, spool: content.spool({ signal }) })
  await content.entries.remember(layer.diffId, entriesOf(changes))
  tree.apply(changes)
  if (key !== undefined) await content.cache.remember(key, layer)
  return { layer, cached: false }
}

interface Filling {
  readonly plan: CommitPlan
  /** Of a copy. */
  readonly source: CopySource | undefined
  readonly inside: (path: string) => string
  readonly ownerOf: (owner: OwnerSpec) => Promise<Owner>
}

async function fill(draft: LayerDraft, step: FileStep, { plan, source, inside, ownerOf }: Filling): Promise<void> {
  switch (step.kind) {
    case 'copy': {
      const to = inside(step.spec.to)
      const spec = { ...step.spec, to: step.spec.to.endsWith('/') && to !== '/' ? `${to}/` : to, owner: await ownerOf(step.owner) }
      return addCopy(draft, source as CopySource, spec, plan.signal)
    }
    case 'program':
      return addPrograms(draft, step.paths)
    case 'write': {
      const { content, mode } = step
      const path = await draft.tree.resolve(inside(step.path), { last: true })
      return draft.add({ type: 'file', path, mode, ...(await ownerOf(step.owner)), size: content.length, content: () => once(content) })
    }
    case 'remove':
      return draft.delete(await draft.tree.resolve(inside(step.path)))
  }
}

function ownerOf(plan: CommitPlan, image: Image, tree: BuildTree, owner: OwnerSpec): Promise<Owner> {
  const place = { image, tree, isHostBase: plan.base === 'host', entries: (layer: Layer) => plan.content.entries.entries(layer) }
  return resolveOwner(owner, (path) => textOf(place, path, USER_DATABASE_MAX_BYTES))
}

async function workdirOf(image: Image): Promise<(path: string) => string> {
  const { config = {} } = await image.config()
  return (path) => insideWorkdir(config, path)
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes
}

const mtimeOf = (date: Date): bigint => BigInt(date.getTime()) * 1_000_000n

/** What a command touched has the time of its run; the image has that of the build (reproducible-builds.org, SOURCE_DATE_EPOCH: later times are clamped). */
function clamped(change: Change, latest: bigint): Change {
  if (change.kind === 'delete' || change.entry.mtimeNs <= latest) return change
  return { ...change, entry: { ...change.entry, mtimeNs: latest } }
}
