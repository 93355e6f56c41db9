// $ORIGIN, $LIB and $PLATFORM in search paths. Source: ld.so(8), "Dynamic string tokens".
import type { Elf } from './elf.js'
import { libNames, platformName } from './machine.js'

/** The absolute paths that `text` may mean in a file that lies in the directory `origin`. Several for `$LIB`; none for a relative path:
 *  the loader would take it from the working directory of the day. */
export function expandTokens(text: string, elf: Elf, origin: string): string[] {
  const platform = platformName(elf)
  const replace = (lib: string) =>
    text.replace(/\$(?:(ORIGIN|LIB|PLATFORM)(?![A-Za-z0-9_])|\{(ORIGIN|LIB|PLATFORM)\})/g, (whole, bare, braced) => {
      const token = bare ?? braced
      return token === 'ORIGIN' ? origin : token === 'LIB' ? lib : (platform ?? whole)
    })
  return [...new Set(libNames(elf).map(replace))].filter((path) => path.startsWith('/'))
}

/** The directories of a search path (`DT_RPATH`, `DT_RUNPATH`), in order. */
export const expandPath = (path: string | undefined, elf: Elf, origin: string): string[] =>
  [...new Set((path ?? '').split(':'))].flatMap((directory) => expandTokens(directory, elf, origin))
