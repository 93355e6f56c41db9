// Blobs that are missing or wrong, brought back from somewhere that has them whole.
import { blobsOf, type Image, type ImageIndex } from '../image/index.js'
import type { Blobs } from './blobs.js'
import type { Refs } from './refs.js'
import { type StoreProblem, verifyStore } from './verify.js'

/** What a repair did. */
export interface Repaired {
  /** Digests of blobs that are right again. */
  readonly repaired: readonly string[]
  /** What is wrong still. */
  readonly problems: readonly StoreProblem[]
}

/** Writes every blob that `verify` finds wrong and that one of `sources` has. A manifest that is right again may lead to more that is missing, so it is verified
 *  until nothing more can be repaired. @throws DigestMismatchError for a source that is wrong itself */
export async function repairStore(
  blobs: Blobs,
  refs: Refs,
  sources: readonly (Image | ImageIndex)[],
  signal?: AbortSignal,
): Promise<Repaired> {
  blobs.lease.checkWritable('repairing')
  const repaired = new Set<string>()
  for (;;) {
    const problems = await verifyStore(blobs, refs, signal)
    const wrong = new Set(problems.map(({ digest }) => digest))
    let count = 0
    for (const source of sources) {
      for (const { descriptor, open } of await blobsOf(source)) {
        const { digest, size } = descriptor
        if (!wrong.delete(digest)) continue
        await blobs.write(open(), { digest, size }, signal === undefined ? {} : { signal })
        repaired.add(digest)
        count++
      }
    }
    if (count === 0) return { repaired: [...repaired], problems }
  }
}
