// What the image groups measure on: the corpus image of 300 MB, --image LAYOUT, or (--quick, or without the corpus) one made here: 4 layers, 1,600 files, 26 MB.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const corpus = fileURLToPath(new URL('../../shared/corpus/images/pyapp-oci', import.meta.url))
const [LAYERS, FILES, FILE_BYTES] = [4, 400, 16 * 1024]

/** The option by which another image is measured. */
export const imageOption = { image: { type: 'string' } }

/** { image, layout, tag, title, layers }: the same image in `store` and as an OCI layout on disk; `layers` are paths of its compressed blobs. */
export async function openImage({ store, work, isQuick, values }) {
  const given = values.image ?? (isQuick || !existsSync(corpus) ? undefined : corpus)
  if (given === undefined) await store.save(await makeImage(store, work), join(work, 'layout'), { format: 'oci-layout' })
  const layout = given ?? join(work, 'layout')
  const [image] = await store.load(layout)
  const layers = await image.layers()
  const title = given === undefined ? 'a made image of 26 MB' : given === corpus ? 'the corpus image of 300 MB' : `the image ${given}`
  return {
    image,
    layout,
    title,
    tag: '1',
    layers: layers.map(({ digest }) => join(layout, 'blobs/sha256', digest.slice('sha256:'.length))),
  }
}

/** The tag of it in the store. */
async function makeImage(store, work) {
  let build = store.build('scratch')
  for (let layer = 0; layer < LAYERS; layer++) {
    const tree = join(work, `tree-${layer}`)
    for (let k = 0; k < FILES; k++) {
      const folder = join(tree, String(k % 20))
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, `${layer}-${k}`), halfNoise(layer * FILES + k))
    }
    build = build.copy(tree, '/data')
  }
  await build.commit({ tag: '1' })
  return '1'
}

/** Bytes that are always the same for a seed and shrink to about half: every second block of 64 is pseudo-random (xorshift32). */
function halfNoise(seed) {
  const bytes = Buffer.alloc(FILE_BYTES, 'stratabox ')
  let state = (seed + 1) * 0x9e3779b1
  for (let at = 0; at < FILE_BYTES; at += 128)
    for (let k = 0; k < 64; k += 4) {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      bytes.writeInt32LE(state | 0, at + k)
    }
  return bytes
}
