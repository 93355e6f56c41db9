// Small entries, layers and images for tests.
import { collect, utf8 } from '../../../src/core/index.js'
import { appendLayer, type Change, emptyImage, type Image, type Layer, layerFromChanges } from '../../../src/image/index.js'
import type { InodeEntry } from '../../../src/layer/index.js'

/** What a test says of an inode; the rest is as here. */
export type Attributes = Partial<Pick<InodeEntry, 'mode' | 'uid' | 'gid' | 'mtimeNs' | 'xattrs'>>

const PLAIN = { uid: 0, gid: 0, mtimeNs: 1_000_000_000n, xattrs: {} } as const

/** The addition of an entry. */
export const add = (entry: InodeEntry): Change => ({ kind: 'add', path: entry.path, entry })

/** A regular file. */
export function file(path: string, content: string | Uint8Array = '', attributes: Attributes = {}): Change {
  const bytes = typeof content === 'string' ? utf8(content) : content
  return add({ type: 'file', path, mode: 0o644, ...PLAIN, ...attributes, size: bytes.length, content: () => streamOf(bytes) })
}

/** A directory. */
export const directory = (path: string, attributes: Attributes & { readonly opaque?: boolean } = {}): Change =>
  add({ type: 'directory', path, mode: 0o755, ...PLAIN, ...attributes })

/** A symbolic link. */
export const symlink = (path: string, target: string): Change => add({ type: 'symlink', path, target, mode: 0o777, ...PLAIN })

/** A hard link. */
export const hardlink = (path: string, target: string): Change => add({ type: 'hardlink', path, target, mode: 0o644, ...PLAIN })

/** A deletion. */
export const remove = (path: string): Change => ({ kind: 'delete', path })

/** A stream of these chunks. */
export async function* streamOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

/** All bytes of a stream. */
export const bytesOf = (source: AsyncIterable<Uint8Array>): Promise<Uint8Array> => collect(source, 2 ** 28)

/** An image with a layer for each list of changes. */
export async function imageOfChanges(...layers: readonly (readonly Change[])[]): Promise<Image> {
  let image = await emptyImage({ platform: 'linux/amd64' })
  for (const [index, changes] of layers.entries()) {
    image = await appendLayer(image, await layerFromChanges(changes), { created_by: `layer ${index}` })
  }
  return image
}

/** Entries of a layer in its order, contents as text, one readable line each. */
export async function listing(layer: Layer): Promise<string[]> {
  const lines: string[] = []
  for await (const entry of layer.entries()) {
    const content = entry.type === 'file' ? ` ${JSON.stringify(new TextDecoder().decode(await bytesOf(entry.content())))}` : ''
    const target = entry.type === 'symlink' || entry.type === 'hardlink' ? ` -> ${entry.target}` : ''
    lines.push(`${entry.type} ${entry.path}${target}${content}`)
  }
  return lines
}
