// From a plan to a PID 1 that is ready: a number with the supervisor, a socket to PID 1, and who hears of their ends.
import { native, type Step } from '../../native/index.js'
import { pendingCall } from '../pending.js'
import type { Blank } from './blanks.js'
import type { LinuxHost } from './host.js'
import { broken, closeHandOuts, type HandOuts, InitClient } from './init-client.js'

/** What is to be started. */
export interface Launch {
  readonly id: string
  /** The whole plan, or with a blank its rest. */
  readonly steps: readonly Step[]
  /** The child made ahead that becomes it. */
  readonly blank: Blank | undefined
}

/** One that is being started. */
export interface Seat {
  /** With the supervisor. */
  readonly number: number
  readonly init: InitClient
  /** Resolves with the reason when it ends without being closed. */
  readonly ended: Promise<Error>
  /** Ends it from this side. */
  readonly lose: (error: Error, how: 'killed' | 'lost') => void
}

/** Sends the plan. The blank is the seat's from here on. @throws SyscallError; ClosedError when the supervisor has died */
export function openSeat(host: LinuxHost, { steps, blank }: Launch): Seat {
  let end: (error: Error) => void = () => undefined
  const ended = new Promise<Error>((resolve) => {
    end = resolve
  })
  let init: InitClient | undefined
  const lose: Seat['lose'] = (error, how) => {
    init?.close(error, how)
    end(error)
  }
  const watcher = {
    exited: () => lose(init?.closedBy ?? broken('is gone'), 'killed'),
    failed: (error: Error) => lose(error, 'killed'),
    lost: (error: Error) => lose(error, 'lost'),
  }
  const { supervisor } = host
  const number = blank?.number ?? supervisor.reserve(watcher)
  if (blank !== undefined) supervisor.rewatch(number, watcher)
  try {
    const [ours, theirs] = native().socketPair()
    try {
      init = new InitClient(ours, () => supervisor.killInit(number))
      if (blank === undefined) supervisor.create(number, steps, theirs)
      else supervisor.resume(number, steps, theirs)
    } finally {
      native().close(theirs)
    }
    return { number, init, ended, lose }
  } catch (error) {
    init?.close(error as Error)
    supervisor.close(number).catch((failure: Error) => process.emitWarning(failure))
    throw error
  }
}

/** Resolves when PID 1 takes commands. @throws what PID 1 says; the signal's reason */
export async function launch(
  { number, init, ended, lose }: Seat,
  host: LinuxHost,
  signal: AbortSignal | undefined,
): Promise<{ number: number; init: InitClient; handOuts: HandOuts; ended: Promise<Error> }> {
  const abort = () => lose(signal?.reason as Error, 'killed')
  signal?.addEventListener('abort', abort, { once: true })
  let handOuts: HandOuts | undefined
  try {
    handOuts = await pendingCall(init.ready)
    signal?.throwIfAborted()
    host.blanks.opened()
    return { number, init, handOuts, ended }
  } catch (error) {
    init.close(error as Error)
    if (handOuts !== undefined) await closeHandOuts(handOuts)
    await host.supervisor.close(number)
    signal?.throwIfAborted()
    throw error
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}
