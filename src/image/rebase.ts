// An image moved from one base to another.
import { imageOf, partsOf } from './compose.js'
import { completeHistory, splitHistory } from './history.js'
import type { Image } from './image.js'

/** The image with the layers of `oldBase` below replaced by those of `newBase`; its own layers, configuration and annotations stay.
 *  Operating system, architecture and variant become those of the new base. No layer is read. @throws TypeError unless `image` begins with all layers of `oldBase` */
export async function rebase(image: Image, oldBase: Image, newBase: Image): Promise<Image> {
  const [parts, from, to] = await Promise.all([partsOf(image), partsOf(oldBase), partsOf(newBase)])
  const count = from.layers.length
  const below = parts.layers.slice(0, count).map((layer) => layer.diffId)
  if (below.join() !== from.layers.map((layer) => layer.diffId).join())
    throw new TypeError('rebase: the image does not lie on the old base')
  const layers = [...to.layers, ...parts.layers.slice(count)]
  const [, own] = splitHistory(completeHistory(parts.config), count)
  const { variant: _, 'os.version': __, 'os.features': ___, ...kept } = parts.config
  const { os, architecture, variant, 'os.version': osVersion, 'os.features': features } = to.config
  return imageOf({
    ...parts,
    layers,
    layerAnnotations: new Map([...(to.layerAnnotations ?? []), ...(parts.layerAnnotations ?? [])]),
    config: {
      ...kept,
      os,
      architecture,
      ...(variant === undefined ? {} : { variant }),
      ...(osVersion === undefined ? {} : { 'os.version': osVersion }),
      ...(features === undefined ? {} : { 'os.features': features }),
      rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
      history: [...completeHistory(to.config), ...own],
    },
  })
}
