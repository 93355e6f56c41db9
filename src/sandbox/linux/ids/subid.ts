// Subordinate ids. Source: subuid(5), subgid(5).
import { ID_MAX } from './map.js'

/** Consecutive ids. */
export interface IdSpan {
  readonly start: number
  readonly length: number
}

// Lines that newuidmap(1) would not take either are passed over.
function parseLines(text: string): { owner: string; span: IdSpan }[] {
  return text.split('\n').flatMap((line) => {
    const match = /^([^:#]+):(\d{1,10}):(\d{1,10})\s*$/.exec(line)
    if (match === null) return []
    const [, owner = '', start, length] = match
    const span = { start: Number(start), length: Number(length) }
    return span.length > 0 && span.start + span.length - 1 <= ID_MAX ? [{ owner, span }] : []
  })
}

/** The ranges given to a user, by name or by number, in the order of the file. */
export const parseSubIds = (text: string, uid: number, userName: string | undefined): IdSpan[] =>
  parseLines(text).flatMap(({ owner, span }) => (owner === String(uid) || owner === userName ? [span] : []))

/** The ranges given to anybody. */
export const parseAllSubIds = (text: string): IdSpan[] => parseLines(text).map(({ span }) => span)
