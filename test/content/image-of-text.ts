// A small image, for programs of their own.
import { utf8 } from '../../src/core/index.js'
import { appendLayer, emptyImage, type Image, layerFromChanges } from '../../src/image/index.js'

/** One layer with one file. */
export async function imageOfText(text: string): Promise<Image> {
  const bytes = utf8(text)
  const content = async function* () {
    yield bytes
  }
  const entry = { type: 'file', path: '/text', mode: 0o644, uid: 0, gid: 0, mtimeNs: 0n, xattrs: {}, size: bytes.length, content } as const
  return appendLayer(await emptyImage(), await layerFromChanges([{ kind: 'add', path: '/text', entry }]))
}
