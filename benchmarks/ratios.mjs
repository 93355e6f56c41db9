// How the medians of rows relate: theirs to ours, and ours to what a target is a multiple of.
import { quantile } from './statistics.mjs'

const median = ({ samples }) => quantile(samples, 0.5)

/** The median of a row as a multiple of ours at the same task and place. Undefined for our first row, and where there is none of ours. */
export function timesOf(rows, row) {
  const ours = rows.find(({ name, at, isPeer }) => name === row.name && at === row.at && !isPeer)
  return ours === undefined || ours === row ? undefined : median(row) / median(ours)
}

/** What became of a row's target: { reached, isMet }. Undefined where it has none, or where its baseline was not measured. */
export function targetOf(rows, row) {
  if (row.target === undefined) return undefined
  const isBaseline = ({ name, at, who }) => name === row.name && who === row.baseline && (at === row.at || at === undefined)
  const baseline = rows.find(isBaseline)
  if (row.baseline !== undefined && baseline === undefined) return undefined
  const reached = median(row) / (baseline === undefined ? 1 : median(baseline))
  return { reached, isMet: row.isRate ? reached >= row.target : reached <= row.target }
}
