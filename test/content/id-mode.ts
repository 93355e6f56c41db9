// How this user's layers are unpacked.
import type { IdMode } from '../../src/content/index.js'

/** As the image has them for root, all the caller's for anybody else. */
export const contentIdMode = (): IdMode => (process.getuid?.() === 0 ? 'root' : 'single')
