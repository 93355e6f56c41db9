// Waiting for a line of a process's output, such as a server's "listening on …".

import type { Abortable } from '../core/index.js'
import { ClosedError, integerOption, optionsObject, rejectUnknown, TimeoutError } from '../core/index.js'
import { LineSplitter } from './lines.js'
import { TIMER_MAX_MS } from './option-checks.js'
import type { Output } from './output.js'

/** Options of `waitForLine`. */
export interface WaitForLineOptions extends Abortable {
  /** Default 60,000; then TimeoutError. */
  readonly timeoutMs?: number | undefined
}

/** Lines that hold a text or match an expression, from that expression's start each time: one with the flag g or y remembers where it was. */
function matcher(pattern: string | RegExp): (line: string) => boolean {
  if (typeof pattern === 'string') return (line) => line.includes(pattern)
  if (!(pattern instanceof RegExp)) throw new TypeError('waitForLine: pattern must be a string or a RegExp')
  const fresh = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''))
  return (line) => fresh.test(line)
}

/** The first line of the outputs, from their start, that matches. @throws TypeError | RangeError; TimeoutError; ClosedError when all end without one; the
 *  signal's reason */
export async function waitForLine(
  outputs: readonly Output[],
  pattern: string | RegExp,
  options: WaitForLineOptions | undefined,
): Promise<string> {
  const given = optionsObject(options, 'waitForLine')
  rejectUnknown(given, ['timeoutMs', 'signal'], 'waitForLine')
  const timeoutMs = integerOption(given.timeoutMs, 'waitForLine: timeoutMs', 1, TIMER_MAX_MS) ?? 60_000
  const matches = matcher(pattern)
  const { signal } = given
  signal?.throwIfAborted()
  const stops: (() => void)[] = []
  try {
    return await new Promise<string>((resolve, reject) => {
      const late = () =>
        reject(new TimeoutError(`no line matched ${String(pattern)} within ${timeoutMs} ms`, { remedy: 'raise timeoutMs' }))
      const timer = setTimeout(late, timeoutMs)
      const abort = () => reject(signal?.reason as Error)
      signal?.addEventListener('abort', abort, { once: true })
      stops.push(
        () => clearTimeout(timer),
        () => signal?.removeEventListener('abort', abort),
      )
      for (const output of outputs) {
        const splitter = new LineSplitter()
        const look = (lines: string[]) => lines.filter(matches).slice(0, 1).forEach(resolve)
        stops.push(output.listen((chunk) => look(splitter.push(chunk))))
        output.ended.then(() => look(splitter.end()))
      }
      Promise.all(outputs.map(({ ended }) => ended)).then(() =>
        setImmediate(() => reject(new ClosedError(`the command ended without a line that matches ${String(pattern)}`))),
      )
    })
  } finally {
    for (const stop of stops) stop()
  }
}
