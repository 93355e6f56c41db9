// What a transfer tells while it goes on.
import type { Digest } from '../core/index.js'

/** A step of a pull or push. Blobs come in any order, several at the same time; of one blob, `start` comes first and `done` last. */
export type TransferEvent =
  /** Pull: what the reference names. Push: nothing yet. */
  | { readonly kind: 'resolved'; readonly reference: string; readonly digest: Digest; readonly mediaType: string }
  /** A blob begins to move. `bytes` of it are there already, from an earlier try. */
  | { readonly kind: 'start'; readonly what: TransferPart; readonly digest: Digest; readonly bytes: number; readonly sizeBytes: number }
  /** So many bytes of it are there; fewer than before where it had to begin again. */
  | { readonly kind: 'progress'; readonly what: TransferPart; readonly digest: Digest; readonly bytes: number; readonly sizeBytes: number }
  /** It is there: moved, or it was there before, or the registry took it over from another repository. */
  | {
      readonly kind: 'done'
      readonly what: TransferPart
      readonly digest: Digest
      readonly sizeBytes: number
      readonly how: 'moved' | 'present' | 'mounted'
    }

/** What a blob is to its image. */
export type TransferPart = 'layer' | 'config' | 'manifest'

/** Bytes between two `progress` events of one blob. */
const STEP_BYTES = 256 * 1024

/** Makes `progress` events out of positions: one each 256 KiB, and one at the end. */
export function progressOf(
  part: { readonly what: TransferPart; readonly digest: Digest; readonly size: number },
  onEvent: (event: TransferEvent) => void,
): (bytes: number) => void {
  const { what, digest, size: sizeBytes } = part
  let told: number | undefined
  return (bytes) => {
    if (told === undefined) onEvent({ kind: 'start', what, digest, bytes, sizeBytes })
    else if (bytes !== sizeBytes && bytes >= told && bytes - told < STEP_BYTES) return
    else if (bytes !== told) onEvent({ kind: 'progress', what, digest, bytes, sizeBytes })
    told = bytes
  }
}
