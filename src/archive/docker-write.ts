// Docker archives, written: what `docker load` and `podman load` take. Source: moby image/tarexport and its "Combined Image JSON + Filesystem Changeset Format".
import { digestHex } from '../core/index.js'
import { type Image, type ImageIndex, isImageIndex, type Layer } from '../image/index.js'
import { encodeJson, layerCompression } from '../oci/index.js'
import { type TarMember, writeTar } from '../tar/index.js'
import { LegacyWriter } from './docker-legacy-write.js'
import { bytesMember, fileMember } from './file-member.js'

/** An image with its names; each needs a tag (`app:1`), or the tools refuse it. */
export interface DockerArchiveItem {
  readonly value: Image | ImageIndex
  readonly refs: readonly string[]
}

/** A tar with configurations, uncompressed layers (each once), `manifest.json`, and for readers of the old form a directory a layer and `repositories`. Layers are read twice where their uncompressed size is not known yet.
 *  Equal items in equal order give equal bytes. @throws TypeError for an index: this format holds images of one platform */
export async function* writeDockerArchive(items: readonly DockerArchiveItem[]): AsyncGenerator<Uint8Array> {
  const images = items.map(({ value, refs }) => {
    if (isImageIndex(value)) throw new TypeError('a docker archive cannot hold an index: choose the image of one platform')
    return { image: value, refs }
  })
  yield* writeTar(members(images))
}

async function* members(items: readonly { readonly image: Image; readonly refs: readonly string[] }[]): AsyncGenerator<TarMember> {
  const written = new Set<string>()
  const entries: object[] = []
  const legacy = new LegacyWriter()
  for (const { image, refs } of items) {
    const { config } = await image.manifest()
    const layers = await image.layers()
    const configName = `${digestHex(config.digest)}.json`
    entries.push({ Config: configName, RepoTags: refs, Layers: layers.map(layerName) })
    for (const layer of layers) {
      if (written.has(layerName(layer))) continue
      written.add(layerName(layer))
      yield fileMember(layerName(layer), await uncompressedSize(layer), () => layer.uncompressed())
    }
    if (!written.has(configName)) yield bytesMember(configName, await image.configBytes())
    written.add(configName)
    yield* legacy.image(image, refs, (index) => layerName(layers[index]!))
  }
  yield bytesMember('manifest.json', encodeJson(entries))
  const repositories = legacy.repositories()
  if (repositories !== undefined) yield repositories
}

const layerName = (layer: Layer): string => `${digestHex(layer.diffId)}.tar`

const sizes = new WeakMap<Layer, Promise<number>>()

// A tar names the size before the content, and no document of an image says it.
function uncompressedSize(layer: Layer): Promise<number> {
  if (layerCompression(layer.mediaType) === 'none') return Promise.resolve(layer.size)
  const known = sizes.get(layer) ?? countBytes(layer.uncompressed())
  sizes.set(layer, known)
  return known
}

async function countBytes(source: AsyncIterable<Uint8Array>): Promise<number> {
  let size = 0
  for await (const chunk of source) size += chunk.length
  return size
}
