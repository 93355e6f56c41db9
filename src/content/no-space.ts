// A full disk, said in a way that helps.
import { StrataError } from '../core/index.js'

/** Runs `work`; where the disk (or the user's quota on it) is full, the error says so. @throws StrataError `ENOSPC`, `EDQUOT` */
export async function withSpace<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (cause instanceof StrataError || (code !== 'ENOSPC' && code !== 'EDQUOT')) throw cause
    throw new StrataError(`${what}: no space is left on the store's file system`, {
      code,
      remedy: 'free some: store.gc() removes what no image uses, store.trim({ maxBytes }) caches',
      cause,
    })
  }
}
