// The history of an image: one entry a layer, and entries without one. Source: image-spec config.md "history".
import type { History, ImageConfig } from '../oci/index.js'

/** Number of layers that a history speaks of. */
export const layersInHistory = (history: readonly History[]): number => history.filter((step) => step.empty_layer !== true).length

/** The history of a configuration with an entry for each of its layers: missing ones are filled in, empty. */
export function completeHistory(config: ImageConfig): readonly History[] {
  const history = config.history ?? []
  const missing = config.rootfs.diff_ids.length - layersInHistory(history)
  return missing <= 0 ? history : [...history, ...Array.from({ length: missing }, () => ({}))]
}

/** The part of a history that tells of the first `count` layers, with the entries without a layer that stand among or after them, and the rest. */
export function splitHistory(history: readonly History[], count: number): readonly [readonly History[], readonly History[]] {
  let layers = 0
  let at = 0
  while (at < history.length && (layers < count || history[at]!.empty_layer === true)) {
    if (history[at]!.empty_layer !== true) layers++
    at++
  }
  return [history.slice(0, at), history.slice(at)]
}
