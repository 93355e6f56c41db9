// `WWW-Authenticate`. Source: RFC 9110 "WWW-Authenticate"; distribution's token specification for what stands in it.

/** One challenge: its scheme and parameters, both names in lower case. */
export interface Challenge {
  readonly scheme: string
  readonly parameters: Readonly<Record<string, string>>
}

const HEADER_MAX_CHARS = 8192
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+/

/** The challenges of a header, in its order. What cannot be read ends the list. */
export function parseChallenges(header: string | null): readonly Challenge[] {
  if (header === null || header.length > HEADER_MAX_CHARS) return []
  const challenges: { scheme: string; parameters: Record<string, string> }[] = []
  let rest = header
  for (;;) {
    rest = rest.replace(/^[\s,]+/, '')
    const name = TOKEN.exec(rest)?.[0]
    if (name === undefined) return challenges
    const after = rest.slice(name.length)
    const parameter = /^\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/.exec(after)
    const current = challenges.at(-1)
    if (parameter !== null && current !== undefined) {
      const value = parameter[1]?.replace(/\\(.)/g, '$1') ?? parameter[2] ?? ''
      current.parameters[name.toLowerCase()] ??= value
      rest = after.slice(parameter[0].length)
    } else if (parameter === null && /^(\s|,|$)/.test(after)) {
      challenges.push({ scheme: name.toLowerCase(), parameters: {} })
      rest = after
    } else return challenges
  }
}
