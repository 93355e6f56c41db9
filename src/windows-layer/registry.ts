// Registry edits of an image: what its layers make of each hive, changed, and the delta that the change leaves.
import { collect, FormatError } from '../core/index.js'
import { Hive, type Key, LayeredHive, type RegistryData } from '../hive/index.js'
import type { Layer } from '../layer/index.js'
import { HIVE_NAMES, type HiveName, hiveAt, locateKey } from './hives.js'

/** Most bytes of one hive in a layer. */
const HIVE_MAX_BYTES = 2 ** 30

/** Changes of a registry. Keys by their full paths (`HKLM\SOFTWARE\Vendor`), values by name ('' is the default one). Deletions come first. */
export interface RegistryEdits {
  readonly set?: Readonly<Record<string, Readonly<Record<string, RegistryData>>>> | undefined
  /** Keys, with all below them. */
  readonly delete?: readonly string[] | undefined
  /** Single values, by key. */
  readonly deleteValues?: Readonly<Record<string, readonly string[]>> | undefined
}

/** Reads the hives of these layers, the lowest first: whole hives and deltas. Each layer is read to its end. @throws FormatError for a damaged hive */
export async function readImageHives(layers: readonly Layer[]): Promise<ReadonlyMap<HiveName, readonly Hive[]>> {
  const found = new Map<HiveName, Hive[]>()
  for (const layer of layers) {
    for await (const entry of layer.entries()) {
      const hive = entry.type === 'file' ? hiveAt(entry.path) : undefined
      if (hive === undefined || entry.type !== 'file') continue
      if (entry.size > HIVE_MAX_BYTES) throw new FormatError(`${entry.path}: a hive of more than ${HIVE_MAX_BYTES} bytes`)
      const opened = Hive.open(await collect(entry.content(), HIVE_MAX_BYTES))
      // A whole hive replaces all there was; a delta stands on it.
      if (hive.kind === 'base') found.set(hive.name, [opened])
      else found.set(hive.name, [...(found.get(hive.name) ?? []), opened])
    }
  }
  return found
}

/** The deltas that these edits leave on top of an image's hives, for the hives they touch. `now` stamps what changes.
 *  @throws TypeError | UnsupportedError for paths that no layer holds */
export function registryDeltas(
  below: ReadonlyMap<HiveName, readonly Hive[]>,
  edits: RegistryEdits,
  now: () => Date,
): ReadonlyMap<HiveName, Hive> {
  const views = new Map<HiveName, { readonly view: LayeredHive; readonly delta: Hive; readonly untouched: number }>()
  const viewOf = (name: HiveName): LayeredHive => {
    const known = views.get(name)
    if (known !== undefined) return known.view
    const [base, ...deltas] = stackOf(below.get(name) ?? [], now)
    const delta = Hive.create({ layered: true, now })
    const view = new LayeredHive(base, ...deltas, delta)
    // The view itself gives the new root its security.
    views.set(name, { view, delta, untouched: delta.changeCount })
    return view
  }
  const at = (path: string): { readonly view: LayeredHive; readonly path: string } => {
    const place = locateKey(path)
    const view = viewOf(place.hive)
    return { view, path: place.hive === 'System' ? withControlSet(view, place.path) : place.path }
  }
  for (const path of edits.delete ?? []) {
    const place = at(path)
    deleteKey(place.view, place.path, path)
  }
  for (const [path, names] of Object.entries(edits.deleteValues ?? {})) {
    const place = at(path)
    const key = place.view.key(place.path)
    for (const name of names) key?.deleteValue(name)
  }
  for (const [path, values] of Object.entries(edits.set ?? {})) {
    const place = at(path)
    const key: Key = place.view.createKey(place.path)
    for (const [name, data] of Object.entries(values)) key.setValue(name, data)
  }
  const changed = HIVE_NAMES.flatMap((name) => {
    const made = views.get(name)
    return made === undefined || made.delta.changeCount === made.untouched ? [] : [[name, made.delta] as const]
  })
  return new Map(changed)
}

/** A layered hive needs a whole one below: where the layers have none (the base image is not in them), an empty one stands for it. */
function stackOf(hives: readonly Hive[], now: () => Date): readonly [Hive, ...Hive[]] {
  const [first, ...rest] = hives
  if (first === undefined) return [Hive.create({ now: () => new Date(0) })]
  return first.isLayered ? [Hive.create({ now }), first, ...rest] : [first, ...rest]
}

function deleteKey(view: LayeredHive, path: string, full: string): void {
  const slash = path.lastIndexOf('\\')
  if (path === '') throw new TypeError(`${full}: the root of a hive cannot be deleted`)
  view.key(slash < 0 ? '' : path.slice(0, slash))?.deleteSubkey(path.slice(slash + 1))
}

/** `CurrentControlSet` exists only while Windows runs: in the hive it is the set that `Select\Current` numbers, else the first. */
function withControlSet(view: LayeredHive, path: string): string {
  const [head = '', ...rest] = path.split('\\')
  if (head.toUpperCase() !== 'CURRENTCONTROLSET') return path
  const current = view.key('Select')?.value('Current')
  const number = current?.type === 'REG_DWORD' ? current.data : 1
  return [`ControlSet${`${number}`.padStart(3, '0')}`, ...rest].join('\\')
}
