// Something that all sandboxes share, and that can die.

/** Gives one instance to everybody: made when first asked for, and again after it could not be made or has died. */
export function shared<T>(make: () => Promise<T>, isAlive: (made: T) => boolean): () => Promise<T> {
  let current: Promise<T> | undefined
  return async () => {
    for (;;) {
      current ??= make()
      const attempt = current
      // Whoever finds it dead first makes room; the others must not throw away what was made since.
      const forget = () => {
        if (current === attempt) current = undefined
      }
      try {
        const made = await attempt
        if (isAlive(made)) return made
        forget()
      } catch (error) {
        forget()
        throw error
      }
    }
  }
}
