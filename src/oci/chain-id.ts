// ChainIDs: the name of a stack of layers. Source: image-spec config.md "Layer ChainID".
import { type Digest, digestOf, utf8 } from '../core/index.js'

/** The ChainID after each layer, the lowest first. */
export function chainIds(diffIds: readonly Digest[]): readonly Digest[] {
  const out: Digest[] = []
  for (const diffId of diffIds) {
    const below = out.at(-1)
    out.push(below === undefined ? diffId : digestOf(utf8(`${below} ${diffId}`)))
  }
  return out
}
