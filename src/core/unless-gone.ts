// What is not there (any more) as a value.

/** The result, or undefined where it fails with `ENOENT`: the file is not there, or went meanwhile. */
export async function unlessGone<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 'ENOENT') return undefined
    throw error
  }
}
