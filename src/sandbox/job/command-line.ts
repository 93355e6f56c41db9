// Command lines and environments as Windows takes them. Sources: Microsoft C runtime "Parsing C command-line arguments", CommandLineToArgvW; Win32 CreateProcess.
import { UnsupportedError } from '../../core/index.js'

/** CreateProcess: with its NUL. */
const COMMAND_LINE_MAX = 32_767

/** One argument, quoted so that CommandLineToArgvW and the C runtime give it back unchanged. */
export function quoteArgument(argument: string): string {
  if (argument !== '' && !/[ \t\n\v"]/.test(argument)) return argument
  // Backslashes are plain, but for those before a quote: these are doubled.
  return `"${argument.replace(/(\\*)("|$)/g, (_, slashes: string, quote: string) => slashes + slashes + (quote === '' ? '' : '\\"'))}"`
}

const isShell = (argv: readonly string[]): boolean =>
  argv.length === 5 && /(^|\\)cmd(\.exe)?$/i.test(argv[0]!) && argv.slice(1, 4).join(' ').toLowerCase() === '/d /s /c'

/** The command line of a program. cmd reads its own by rules of its own: after `/d /s /c` it gets one quoted text, unchanged.
 *  @throws UnsupportedError past 32,766 characters; TypeError for a program whose name holds a quote */
export function commandLine(argv: readonly string[]): string {
  const [program = '', ...rest] = argv
  // The first argument is read by another rule: everything up to the next quote, no escapes.
  // What cmd.exe would read of a batch file's arguments cannot be quoted for good.
  if (/\.(bat|cmd)[. ]*$/i.test(program))
    throw new UnsupportedError(`a batch file is no program: ${JSON.stringify(program)}`, {
      remedy: 'run it as text: its command line goes to cmd',
    })
  if (program.includes('"')) throw new TypeError(`a program's name cannot hold a quote: ${JSON.stringify(program)}`)
  const first = program === '' || /[ \t]/.test(program) ? `"${program}"` : program
  const line = isShell(argv) ? `${first} /d /s /c "${argv[4]}"` : [first, ...rest.map(quoteArgument)].join(' ')
  if (line.length >= COMMAND_LINE_MAX)
    throw new UnsupportedError(`a command line of ${line.length} characters: Windows takes ${COMMAND_LINE_MAX - 1}`, {
      remedy: 'pass long input through stdin or a file',
    })
  return line
}

/** A UTF-16 environment block: sorted without regard to case, as CreateProcess wants it, a name once (the last wins). */
export function environmentBlock(variables: Readonly<Record<string, string | undefined>>): Uint8Array {
  const byName = new Map<string, string>()
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined) byName.delete(name.toUpperCase())
    else byName.set(name.toUpperCase(), `${name}=${value}`)
  }
  const names = [...byName.keys()].sort((a, b) => (a < b ? -1 : 1))
  const text = `${names.map((name) => `${byName.get(name)}\0`).join('')}${names.length === 0 ? '\0' : ''}\0`
  return utf16(text)
}

/** Little-endian UTF-16, lone surrogates and all. */
export function utf16(text: string): Uint8Array {
  const bytes = new Uint8Array(2 * text.length)
  const view = new DataView(bytes.buffer)
  for (let k = 0; k < text.length; k++) view.setUint16(2 * k, text.charCodeAt(k), true)
  return bytes
}
