// Everything an image says of itself, recomputed.
import { FormatError, StrataError } from '../core/index.js'
import { layersInHistory } from './history.js'
import type { Image } from './image.js'

/** One thing that is not as the image says. */
export interface ImageProblem {
  /** JSON path in the manifest or configuration, such as `$.layers[2]`. */
  readonly where: string
  readonly what: string
}

/** Reads a whole image and reports every mismatch: digests and sizes of manifest, configuration and layers, diffIDs, form of each layer's tar, numbers
 *  of layers, diffIDs and history entries. Empty: all is well. @throws what the blob source throws that is no finding, such as an I/O error */
export async function validate(
  image: Image,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<readonly ImageProblem[]> {
  const problems: ImageProblem[] = []
  const check = async <T>(where: string, step: () => Promise<T>): Promise<T | undefined> => {
    options.signal?.throwIfAborted()
    try {
      return await step()
    } catch (error) {
      options.signal?.throwIfAborted()
      if (!(error instanceof StrataError)) throw error
      problems.push({ where: (error instanceof FormatError ? error.jsonPath : undefined) ?? where, what: error.message })
      return undefined
    }
  }
  if ((await check('$', () => image.manifest())) === undefined) return problems
  const config = await check('$.config', () => image.config())
  if (config?.history !== undefined) {
    const told = layersInHistory(config.history)
    if (told !== config.rootfs.diff_ids.length) {
      problems.push({ where: '$.history', what: `tells of ${told} layers, there are ${config.rootfs.diff_ids.length}` })
    }
  }
  const layers = config === undefined ? undefined : await check('$.layers', () => image.layers())
  for (const [index, layer] of (layers ?? []).entries()) {
    await check(`$.layers[${index}]`, async () => {
      for await (const _ of layer.entries()) options.signal?.throwIfAborted()
    })
  }
  return problems
}
