// Patterns of what is not copied. Source: Docker's .dockerignore rules (Go filepath.Match, `**`, and `!` for exceptions; the last match decides).

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
    const isException = raw.startsWith('!')
    const pattern = (isException ? raw.slice(1) : raw).trim().replace(/^\/+|\/+$/g, '')
    return pattern === '' || pattern.startsWith('#') ? [] : [{ isException, regex: regexOf(pattern) }]
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

/** The pattern and everything below what it matches. */
function regexOf(pattern: string): RegExp {
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
      const end = pattern.indexOf(']', at + 2)
      if (end < 0) throw new TypeError(`copy: ignore: a [ without ] in ${JSON.stringify(pattern)}`)
      out += `[${pattern
        .slice(at + 1, end)
        .replace(/^[!^]/, '^')
        .replace(/[\\[]/g, '\\$&')}]`
      at = end
    } else if (char === '\\' && at + 1 < pattern.length) out += literal(pattern[++at]!)
    else out += literal(char)
  }
  return new RegExp(`^${out}(?:/.*)?$`, 's')
}

const literal = (char: string): string => char.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
