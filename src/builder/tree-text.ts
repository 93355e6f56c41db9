// Small text files of the image under construction, read out of its layers: links stay inside, sizes are bounded, nothing but regular files is opened.
import { FormatError } from '../core/index.js'
import type { Image } from '../image/index.js'
import type { InodeEntry, Layer, LayerEntry } from '../layer/index.js'
import { headOf } from './host-file.js'
import type { BuildTree } from './tree.js'

/** Hard links that are followed from layer to layer. */
const HOPS_MAX = 8

/** Where a file is looked for. */
export interface TextPlace {
  /** The image so far, whose merged tree `tree` is. */
  readonly image: Image
  readonly tree: BuildTree
  /** Paths that no layer has are the host's. */
  readonly isHostBase: boolean
  /** What is in a layer. */
  readonly entries: (layer: Layer) => Promise<readonly LayerEntry[]>
}

/** The text of a file in the image; '' where there is none. Bytes that are not UTF-8 become U+FFFD.
 *  @throws FormatError where it is no regular file or larger than `maxBytes` */
export async function textOf({ image, tree, isHostBase, entries }: TextPlace, path: string, maxBytes: number): Promise<string> {
  let at = await tree.resolve(path, { last: true })
  if ((await tree.find(at)) === undefined) return ''
  const layers = [...(await image.layers())].reverse()
  let hops = 0
  for (const layer of layers) {
    for (let found = lastAt(await entries(layer), at); found !== undefined; found = lastAt(await entries(layer), at)) {
      if (found.type === 'file') return decoded(await contentOf(layer, at, maxBytes, path))
      if (found.type !== 'hardlink' || ++hops > HOPS_MAX) throw new FormatError(`${path} of the image is no regular file`)
      at = found.target
    }
  }
  if (!isHostBase) throw new FormatError(`${path} of the image is no regular file`)
  return decoded(checked(await headOf(at, maxBytes + 1), maxBytes, path))
}

/** A layer may name a path twice: the last counts. */
function lastAt(entries: readonly LayerEntry[], path: string): InodeEntry | undefined {
  let found: InodeEntry | undefined
  for (const entry of entries) if (entry.path === path && entry.type !== 'whiteout' && entry.type !== 'opaque') found = entry
  return found
}

async function contentOf(layer: Layer, at: string, maxBytes: number, path: string): Promise<Uint8Array> {
  let bytes: Uint8Array = new Uint8Array(0)
  for await (const entry of layer.entries()) {
    if (entry.path !== at || entry.type !== 'file') continue
    if (entry.size > maxBytes) throw tooLarge(path, maxBytes)
    const chunks: Uint8Array[] = []
    for await (const chunk of entry.content()) chunks.push(chunk.slice())
    bytes = Buffer.concat(chunks)
  }
  return bytes
}

function checked(bytes: Uint8Array, maxBytes: number, path: string): Uint8Array {
  if (bytes.length > maxBytes) throw tooLarge(path, maxBytes)
  return bytes
}

const tooLarge = (path: string, maxBytes: number): FormatError => new FormatError(`${path} of the image is larger than ${maxBytes} bytes`)

const decoded = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
