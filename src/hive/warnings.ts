// What was found damaged, as sentences, bounded: hostile hives have no end of damage.
import { FormatError } from '../core/index.js'

/** Sentences kept; one more says that there is more. */
export const WARNINGS_MAX = 1000

/** Collects damage. */
export class Warnings {
  /** Live: grows while the hive is read. */
  readonly list: string[] = []

  add(text: string): void {
    if (this.list.length < WARNINGS_MAX) this.list.push(text)
    else if (this.list.length === WARNINGS_MAX) this.list.push('there is more damage, which is not listed')
  }

  /** What `read` gives; where it throws FormatError, `otherwise`, and a warning that begins with `what`. */
  attempt<T>(what: () => string, otherwise: T, read: () => T): T {
    try {
      return read()
    } catch (error) {
      this.note(error, what())
      return otherwise
    }
  }

  /** Adds a FormatError as a warning that begins with `what`; throws any other error on. */
  note(error: unknown, what: string): void {
    if (!(error instanceof FormatError)) throw error
    this.add(`${what}: ${error.message}`)
  }
}
