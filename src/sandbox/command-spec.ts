// One command's options in, a whole specification out.
import { integerOption, optionsObject, rejectUnknown, signalOption, stringOption } from '../core/index.js'
import { checkCwd, checkEnv, checkUser, oneOf, TIMER_MAX_MS, type UserSpec } from './option-checks.js'
import { platform } from './platform.js'
import { checkTerminal } from './terminal-size.js'
import type { Command, RunOptions, TerminalSize } from './types.js'

const MIB = 2 ** 20

/** What `run` and `spawn` take. */
export const RUN_OPTIONS: readonly string[] = [
  'env',
  'cwd',
  'user',
  'stderr',
  'pty',
  'entrypoint',
  'timeoutMs',
  'maxOutputBytes',
  'encoding',
  'input',
  'reject',
  'signal',
]
// Linux's own bound (__NEW_UTS_LEN) and what RFC 1123 allows in a name.

/** One command's options, checked and complete. */
export interface CommandSpec {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string | undefined
  readonly user: UserSpec | undefined
  readonly mergeStderr: boolean
  /** The size of its terminal; undefined: it has none. */
  readonly terminal: TerminalSize | undefined
  readonly entrypoint: boolean
  readonly timeoutMs: number | undefined
  readonly maxOutputBytes: number
  readonly encoding: 'utf8' | 'buffer'
  readonly input: RunOptions['input']
  readonly reject: boolean
  readonly signal: AbortSignal | undefined
}

function checkInput(input: unknown): RunOptions['input'] {
  const isIterable = typeof input === 'object' && input !== null && (Symbol.asyncIterator in input || input instanceof Uint8Array)
  if (input === undefined || typeof input === 'string' || isIterable) return input as RunOptions['input']
  throw new TypeError('input must be a string, bytes, a stream or an async iterable of bytes')
}

/** @throws TypeError | RangeError that names the option */
export function normalizeRun(options: RunOptions | undefined): CommandSpec {
  const given = optionsObject(options, 'run')
  rejectUnknown(given, RUN_OPTIONS, 'run')
  signalOption(given.signal, 'run')
  const isMerged = oneOf(given.stderr, 'stderr', ['merge'], undefined as never) === 'merge'
  const terminal = checkTerminal(given.pty)
  return {
    env: checkEnv(given.env),
    cwd: checkCwd(given.cwd),
    user: checkUser(given.user),
    // A terminal is one stream for all that is written to it.
    mergeStderr: isMerged || terminal !== undefined,
    terminal,
    entrypoint: given.entrypoint === true,
    timeoutMs: integerOption(given.timeoutMs, 'timeoutMs', 1, TIMER_MAX_MS),
    maxOutputBytes: integerOption(given.maxOutputBytes, 'maxOutputBytes', 0) ?? 16 * MIB,
    encoding: oneOf(given.encoding, 'encoding', ['utf8', 'buffer'], 'utf8'),
    input: checkInput(given.input),
    reject: given.reject === true,
    signal: given.signal,
  }
}

/** The arguments of a command; a string goes to the shell. @throws TypeError for none, or one with NUL */
export function commandArguments(command: Command): readonly string[] {
  if (typeof command === 'string') {
    stringOption(command, 'command')
    return platform.shell(command)
  }
  if (!Array.isArray(command)) throw new TypeError('command must be an array of strings, or a string for the shell')
  if (command.length === 0) throw new TypeError('command must not be empty')
  for (const [k, argument] of command.entries()) {
    if (typeof argument !== 'string')
      throw new TypeError(`command[${k}] must be a string, not ${argument === null ? 'null' : typeof argument}`)
    stringOption(argument, `command[${k}]`)
  }
  if (command[0] === '') throw new TypeError('command[0] must not be empty')
  return command
}
