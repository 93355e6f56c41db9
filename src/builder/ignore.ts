// Patterns of what is not copied. Source: Docker's .dockerignore rules (comments, blanks, Go's filepath.Clean and filepath.Match, `**`, and `!` for
// exceptions; the last match decides).

/** Whether a path, relative to the copied directory and without a leading slash, is left out; and whether something below it could still be taken. */
export interface Ignore {
  ignores(path: string): boolean
  /** False where an ignored directory need not be looked into. */
  readonly hasExceptions: boolean
}

/** @throws TypeError for what is no pattern */
export function compileIgnore(patterns: readonly string[]): Ignore {
  const rules = patterns.flatMap((raw) => {
    if (typeof raw !== 'string') throw new TypeError('copy: ignore must be an array of strings')
    if (raw.startsWith('#')) return []
    const line = raw.trim()
    const isException = line.startsWith('!')
    const pattern = cleaned(isException ? line.slice(1).trim() : line)
    return pattern === '' ? [] : [{ isException, regex: regexOf(pattern) }]
  })
  return {
    hasExceptions: rules.some((rule) => rule.isException),
    ignores(path) {
      let ignored = false
      for (const rule of rules) if (rule.regex.test(path)) ignored = !rule.isException
      return ignored
    },
  }
}

/** Go's filepath.Clean, from the root: without '.', '..' and empty parts. A lone '.' is nothing. */
function cleaned(pattern: string): string {
  const parts: string[] = []
  for (const part of pattern.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return parts.join('/')
}

/** The pattern and everything below what it matches. */
function regexOf(given: string): RegExp {
  // One after the other they mean the same as one, and take a power of the time.
  const pattern = given.replace(/(?:\*\*\/)+/g, '**/')
  let out = ''
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at]!
    if (pattern.startsWith('**/', at)) {
      out += '(?:.*/)?'
      at += 2
    } else if (pattern.startsWith('**', at)) {
      out += '.*'
      at += 1
    } else if (char === '*') out += '[^/]*'
    else if (char === '?') out += '[^/]'
    else if (char === '[') {
      const end = classEnd(pattern, at)
      out += pattern.slice(at, end).replace(/(?<=.)\[/g, '\\[')
      at = end - 1
    } else if (char === '\\' && at + 1 < pattern.length) out += literal(pattern[++at]!)
    else out += literal(char)
  }
  try {
    return new RegExp(`^${out}(?:/.*)?$`, 's')
  } catch (cause) {
    throw new TypeError(`copy: ignore: no pattern: ${JSON.stringify(pattern)}`, { cause })
  }
}

/** Where the class that begins at `at` is over; a backslash takes the next character as it is. */
function classEnd(pattern: string, at: number): number {
  for (let end = at + 1; end < pattern.length; end++) {
    if (pattern[end] === '\\') end++
    else if (pattern[end] === ']' && end > at + 1) return end + 1
  }
  throw new TypeError(`copy: ignore: a [ without ] in ${JSON.stringify(pattern)}`)
}

const literal = (char: string): string => char.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
