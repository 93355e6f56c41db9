// The blob directory as the spool of new layers.
import type { Spool } from '../layer/index.js'
import type { Blobs } from './blobs.js'

/** New layers go straight to the store, and are read from there. They stay until the next collection that finds no reference to them. */
export const blobSpool = (blobs: Blobs, signal?: AbortSignal): Spool => ({
  async write(stream) {
    const { digest, size } = await blobs.write(stream, undefined, signal === undefined ? {} : { signal })
    return { digest, size, open: () => blobs.open({ digest }) }
  },
})
