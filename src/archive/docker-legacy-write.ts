// The old form of a docker archive, beside the new one: a directory a layer and `repositories`. Source: moby image/spec/v1.md "Combined Image JSON + Filesystem
// Changeset Format".
import { createSha256 } from '#hash'
import { utf8 } from '../core/index.js'
import type { Image } from '../image/index.js'
import { chainIds, encodeJson, type ImageConfig } from '../oci/index.js'
import type { TarMember } from '../tar/index.js'
import { bytesMember, directoryMember, linkMember } from './file-member.js'

const VERSION = '1.0'
const EPOCH = '1970-01-01T00:00:00Z'

/** Writes the old form of image after image; what two of them share is there once. */
export class LegacyWriter {
  readonly #written = new Set<string>()
  readonly #repositories = new Map<string, Map<string, string>>()

  /** @param layerName name of the archive's file with that layer. An image without layers has no old form: nothing */
  async *image(image: Image, refs: readonly string[], layerName: (index: number) => string): AsyncGenerator<TarMember> {
    const [config, { config: descriptor }] = [await image.config(), await image.manifest()]
    const chains = chainIds(config.rootfs.diff_ids)
    let parent: string | undefined
    for (const [index, chainId] of chains.entries()) {
      const isTop = index === chains.length - 1
      // Two images with the same layers and other configurations are two: only their top differs.
      const id = idOf([chainId, parent ?? '', isTop ? descriptor.digest : ''])
      if (!this.#written.has(id)) yield* members(id, isTop ? topJson(config, id, parent) : lowerJson(config, id, parent), layerName(index))
      this.#written.add(id)
      parent = id
    }
    if (parent !== undefined) for (const ref of refs) this.#name(ref, parent)
  }

  /** The file `repositories`; undefined where no image has a name. */
  repositories(): TarMember | undefined {
    if (this.#repositories.size === 0) return undefined
    const all = [...this.#repositories].map(([name, tags]) => [name, Object.fromEntries(tags)] as const)
    return bytesMember('repositories', encodeJson(Object.fromEntries(all)))
  }

  #name(ref: string, id: string): void {
    const colon = ref.lastIndexOf(':')
    if (colon <= 0 || ref.indexOf('/', colon) >= 0) return
    const name = ref.slice(0, colon)
    const tags = this.#repositories.get(name) ?? new Map<string, string>()
    this.#repositories.set(name, tags.set(ref.slice(colon + 1), id))
  }
}

function* members(id: string, json: object, layer: string): Generator<TarMember> {
  yield directoryMember(`${id}/`)
  yield bytesMember(`${id}/VERSION`, utf8(VERSION))
  yield bytesMember(`${id}/json`, encodeJson(json))
  yield linkMember(`${id}/layer.tar`, `../${layer}`)
}

const lowerJson = ({ os }: ImageConfig, id: string, parent: string | undefined): object => ({
  id,
  ...(parent === undefined ? {} : { parent }),
  created: EPOCH,
  container_config: { Cmd: [''] },
  os,
})

function topJson(config: ImageConfig, id: string, parent: string | undefined): object {
  const { rootfs: _, history: __, ...rest } = config
  return { created: EPOCH, ...rest, id, ...(parent === undefined ? {} : { parent }) }
}

function idOf(parts: readonly string[]): string {
  const hash = createSha256()
  hash.update(utf8(parts.join(' ')))
  return hash.hex()
}
