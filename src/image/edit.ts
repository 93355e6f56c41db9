// Images from images: nothing is changed, each call gives a new value.
import type { Layer } from '../layer/index.js'
import { type ExecutionConfig, type History, type ImageConfig, type Platform, parsePlatform } from '../oci/index.js'
import { imageOf, partsOf } from './compose.js'
import { completeHistory } from './history.js'
import type { Image } from './image.js'

/** An image without layers. `platform`: default `linux/amd64`. `created`: RFC 3339, default: absent. */
export async function emptyImage(
  options: { readonly platform?: Platform | undefined; readonly created?: string | undefined } = {},
): Promise<Image> {
  const { os, architecture, variant, osVersion, osFeatures } = parsePlatform(options.platform ?? 'linux/amd64')
  return imageOf({
    config: {
      architecture,
      os,
      ...(variant === undefined ? {} : { variant }),
      ...(osVersion === undefined ? {} : { 'os.version': osVersion }),
      ...(osFeatures === undefined ? {} : { 'os.features': osFeatures }),
      ...(options.created === undefined ? {} : { created: options.created }),
      config: {},
      rootfs: { type: 'layers', diff_ids: [] },
      history: [],
    },
    layers: [],
  })
}

/** The image with one more layer on top. `history` tells of it; its `created` becomes the image's. */
export async function appendLayer(image: Image, layer: Layer, history: History = {}): Promise<Image> {
  const parts = await partsOf(image)
  const { config } = parts
  return imageOf({
    ...parts,
    layers: [...parts.layers, layer],
    config: {
      ...config,
      ...(history.created === undefined ? {} : { created: history.created }),
      rootfs: { type: 'layers', diff_ids: [...config.rootfs.diff_ids, layer.diffId] },
      history: [...completeHistory(config), withoutEmptyLayer(history)],
    },
  })
}

function withoutEmptyLayer({ empty_layer: _, ...history }: History): History {
  return history
}

type Edits<T> = { readonly [K in keyof T]?: T[K] | undefined }

/** Fields to set in a configuration; `undefined` removes one. `config` is merged field by field. */
export type ConfigEdits = Edits<Omit<ImageConfig, 'config' | 'rootfs'>> & { readonly config?: Edits<ExecutionConfig> | undefined }

/** The image with another configuration: edits to merge, or a function of the old one. With `history`, an entry without a layer is added.
 *  @throws TypeError for a change of `rootfs` */
export async function withConfig(
  image: Image,
  edit: ConfigEdits | ((config: ImageConfig) => ImageConfig),
  history?: History,
): Promise<Image> {
  const parts = await partsOf(image)
  const old = parts.config
  const edited = typeof edit === 'function' ? edit(old) : merge(old, edit)
  const config = history === undefined ? edited : { ...edited, history: [...completeHistory(edited), { ...history, empty_layer: true }] }
  return imageOf({ ...parts, config })
}

function merge(old: ImageConfig, edits: ConfigEdits): ImageConfig {
  if ('rootfs' in edits) throw new TypeError('withConfig: rootfs follows from the layers')
  return { ...old, ...edits, config: { ...old.config, ...edits.config } } as ImageConfig
}

/** The image with these annotations on its manifest beside those it has; `undefined` removes one. */
export async function withAnnotations(image: Image, annotations: Readonly<Record<string, string | undefined>>): Promise<Image> {
  const parts = await partsOf(image)
  const merged = Object.entries({ ...parts.annotations, ...annotations }).filter((pair): pair is [string, string] => pair[1] !== undefined)
  return imageOf({ ...parts, config: await image.configBytes(), annotations: Object.fromEntries(merged) })
}
