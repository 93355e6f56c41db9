// What every asynchronous call does with an AbortSignal.
import { optionsObject, rejectUnknown } from './options.js'

/** A call that can be aborted: it undoes what it began and rejects with `signal.reason`. */
export interface Abortable {
  readonly signal?: AbortSignal | undefined
}

/** A signal, or undefined. @throws TypeError that names the call */
export function signalOption(value: unknown, of: string): AbortSignal | undefined {
  if (value !== undefined && !(value instanceof AbortSignal)) throw new TypeError(`${of}: signal must be an AbortSignal`)
  return value
}

/** The options of a call, whose own are `known`. @throws TypeError that names an unknown one @throws the signal's reason where it is aborted */
export function callOptions<T extends Abortable>(options: T | undefined, of: string, known: readonly string[] = []): T {
  const given = optionsObject(options, of)
  rejectUnknown(given, [...known, 'signal'], of)
  signalOption(given.signal, of)?.throwIfAborted()
  return given
}

/** Settles as `asked` does, but rejects with the signal's reason as soon as it is aborted. What arrives after that is given to `undo`. */
export function untilAborted<T>(asked: Promise<T>, signal: AbortSignal | undefined, undo: (late: T) => void = () => undefined): Promise<T> {
  if (signal === undefined) return asked
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
    asked
      .then((value) => {
        if (signal.aborted) undo(value)
        resolve(value)
      }, reject)
      .finally(() => signal.removeEventListener('abort', abort))
  })
}
