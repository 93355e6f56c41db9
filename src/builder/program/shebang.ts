// The first line of a script. Source: execve(2), "Interpreter scripts"; env(1).
import { decodePath, FormatError } from '../../core/index.js'

/** What the kernel looks at; a longer line is cut, or refused. */
export const SHEBANG_MAX_BYTES = 256

const NEWLINE = 0x0a

/** Whether a file that begins like this is a script. */
export const isScript = (head: Uint8Array): boolean => head[0] === 0x23 && head[1] === 0x21

/** The interpreter, and its argument: the rest of the line, in one piece. @param head the first SHEBANG_MAX_BYTES of the file `path`, or all of it
 *  @throws FormatError where the kernel would refuse it, or takes the interpreter from the working directory */
export function parseShebang(head: Uint8Array, path: string): { interpreter: string; argument: string | undefined } {
  const end = head.indexOf(NEWLINE)
  if (end < 0 && head.length >= SHEBANG_MAX_BYTES) throw new FormatError(`${path}: its '#!' line is longer than ${SHEBANG_MAX_BYTES} bytes`)
  const line = decodePath(head.subarray(2, end < 0 ? head.length : end)).replace(/\0.*/s, '')
  const [, interpreter = '', argument = ''] = /^[ \t]*([^ \t]*)[ \t]*(.*?)[ \t]*$/s.exec(line) ?? []
  if (!interpreter.startsWith('/')) {
    throw new FormatError(`${path}: its '#!' line names no absolute path: ${JSON.stringify(interpreter)}`, {
      remedy: `write '#!/usr/bin/env NAME' or a full path`,
    })
  }
  return { interpreter, argument: argument === '' ? undefined : argument }
}

/** The command that `env` would start, given the argument of a '#!' line; undefined where it names none. */
export function envCommand(argument: string | undefined): string | undefined {
  if (argument === undefined) return undefined
  // Without -S the kernel's one argument is one word to env, blanks and all.
  const split = /^(?:-S|--split-string[= ]|-[iv0]+S)\s*(.*)$/s.exec(argument)?.[1]
  const words = split === undefined ? [argument] : split.split(/\s+/).map((word) => word.replace(/^(['"])(.*)\1$/, '$2'))
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!
    if (/^(-u|-C|--unset|--chdir)$/.test(word)) i++
    else if (word !== '' && !word.startsWith('-') && !word.includes('=')) return word
  }
  return undefined
}
