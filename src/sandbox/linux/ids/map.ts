// Id maps. Source: user_namespaces(7), "User and group ID mappings".

/** Ids in a full map, 0 to 65,535. */
export const RANGE_LENGTH = 65_536

/** The largest id; one more is (uid_t) -1, which system calls take for "leave it". */
export const ID_MAX = 2 ** 32 - 2

/** A line of a map: `length` ids from `inside` are those from `outside`. */
export interface IdRange {
  readonly inside: number
  readonly outside: number
  readonly length: number
}

/** The lines of /proc/PID/uid_map or gid_map. */
export function parseIdMap(text: string): IdRange[] {
  const ranges: IdRange[] = []
  for (const line of text.split('\n')) {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s*$/.exec(line)
    if (match !== null) ranges.push({ inside: Number(match[1]), outside: Number(match[2]), length: Number(match[3]) })
  }
  return ranges
}

/** The host's id for an id inside; undefined where the map has none. */
export function outsideId(map: readonly IdRange[], inside: number): number | undefined {
  const range = map.find((of) => inside >= of.inside && inside < of.inside + of.length)
  return range && range.outside + inside - range.inside
}

/** The id inside for a host's id; undefined where the map has none. */
export function insideId(map: readonly IdRange[], outside: number): number | undefined {
  const range = map.find((of) => outside >= of.outside && outside < of.outside + of.length)
  return range && range.inside + outside - range.outside
}

/** Whether all of `length` ids from `start` are ids of the namespace that `map` belongs to. */
export const hasIds = (map: readonly IdRange[], start: number, length: number): boolean =>
  map.some((range) => start >= range.inside && start + length <= range.inside + range.length)
