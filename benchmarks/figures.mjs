// What is said of a group, for Markdown and HTML alike: the cells of its table, its targets, what is missing, its notes.
import { targetOf, timesOf } from './ratios.mjs'
import { summarize } from './statistics.mjs'

/** A figure with three significant digits, or all before the point. */
export const figure = (value) => (Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3))))

/** Where on its axis a row was measured. */
export const place = ({ at }) => (at === undefined ? '' : at.toLocaleString('en'))

/** A task at a place, and the contender. */
export const titleOf = ({ name, at, who }) => `${name}${at === undefined ? '' : ` at ${place({ at })}`}, ${who}`

/** The rows of a group that were measured: tasks in the order of their first rows, and within them places from small to large. */
export function rowsOf(result, group) {
  const rows = result.rows.filter((row) => row.group === group && row.samples.length > 0)
  const tasks = [...new Set(rows.map(({ name }) => name))]
  return tasks.flatMap((task) => rows.filter(({ name }) => name === task).sort((a, b) => (a.at ?? Infinity) - (b.at ?? Infinity)))
}

/** A group's table as texts: { header, rows }. */
export function cellsOf(result, group) {
  const rows = rowsOf(result, group)
  const withAt = rows.some(({ at }) => at !== undefined)
  const cells = (row) => {
    const { median, p10, p90, spread } = summarize(row.samples)
    const times = timesOf(rows, row)
    const figures = [median, p10, p90].map(figure)
    return [
      row.name,
      ...(withAt ? [place(row)] : []),
      row.who,
      row.unit,
      ...figures,
      percent(spread),
      times > 0 && Number.isFinite(times) ? figure(times) : '',
    ]
  }
  return { header: ['task', ...(withAt ? ['at'] : []), 'who', 'unit', 'median', 'p10', 'p90', 'spread', '× ours'], rows: rows.map(cells) }
}

const percent = (share) => (Number.isFinite(share) ? `${(share * 100).toFixed(0)} %` : '')

/** What stands below a group's table, as sentences. */
export function linesOf(result, group) {
  const { missing, notes } = result.groups[group]
  const rows = rowsOf(result, group)
  return [
    ...rows.flatMap((row) => targetLine(rows, row)),
    ...missing.map(({ name, reason }) => `Missing: ${name} (${reason}).`),
    ...notes.map((note) => `Note: ${note}.`),
  ]
}

function targetLine(rows, row) {
  const target = targetOf(rows, row)
  if (target === undefined) return []
  const unit = row.baseline === undefined ? row.unit : `× ${row.baseline}`
  const outcome = `${titleOf(row)}: ${figure(target.reached)} ${unit}, ${row.isRate ? 'at least' : 'at most'} ${row.target}`
  return [`Target ${target.isMet ? 'met' : 'missed'}: ${outcome}.`]
}
