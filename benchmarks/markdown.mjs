// A result as Markdown: one table a group, then targets, missing peers and notes.
import { machineLine } from './machine.mjs'
import { targetOf, timesOf } from './ratios.mjs'
import { summarize } from './statistics.mjs'
import { table } from './table.mjs'

/** All of it, with the machine and the command on top. */
export const markdown = (result) =>
  [
    `${machineLine(result.machine)}; \`${result.command}\``,
    ...Object.keys(result.groups).map((group) => groupMarkdown(result, group)),
  ].join('\n\n')

/** One group: title, table, and what belongs to it. */
export function groupMarkdown(result, group) {
  const { rounds, seconds, missing, notes } = result.groups[group]
  const rows = byTask(result.rows.filter((row) => row.group === group && row.samples.length > 0))
  const withAt = rows.some(({ at }) => at !== undefined)
  const header = ['task', ...(withAt ? ['at'] : []), 'who', 'unit', 'median', 'p10', 'p90', 'spread', '× ours']
  const cells = (row) => {
    const { median, p10, p90, spread } = summarize(row.samples)
    const figures = [median, p10, p90].map(figure)
    return [
      row.name,
      ...(withAt ? [place(row)] : []),
      row.who,
      row.unit,
      ...figures,
      `${(spread * 100).toFixed(0)} %`,
      timesOurs(rows, row),
    ]
  }
  return [
    `### ${group}`,
    `${rounds} rounds, ${seconds} s.`,
    table(header, rows.filter(({ samples }) => samples.length > 0).map(cells)),
    ...targetLines(rows),
    ...missing.map(({ name, reason }) => `Missing: ${name} (${reason}).`),
    ...notes.map((note) => `Note: ${note}.`),
  ].join('\n\n')
}

/** Tasks in the order of their first rows, and within them places from small to large. */
function byTask(rows) {
  const tasks = [...new Set(rows.map(({ name }) => name))]
  return tasks.flatMap((task) => rows.filter(({ name }) => name === task).sort((a, b) => (a.at ?? Infinity) - (b.at ?? Infinity)))
}

/** A figure with three significant digits, or all before the point. */
export const figure = (value) => (Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3))))

const place = ({ at }) => (at === undefined ? '' : at.toLocaleString('en'))

function timesOurs(rows, row) {
  const times = timesOf(rows, row)
  return times === undefined ? '' : figure(times)
}

/** The targets of rows, as sentences. */
export function targetLines(rows) {
  return rows.flatMap((row) => {
    const target = targetOf(rows, row)
    if (target === undefined) return []
    const unit = row.baseline === undefined ? row.unit : `× ${row.baseline}`
    const where = row.at === undefined ? '' : ` at ${place(row)}`
    const bound = row.isRate ? 'at least' : 'at most'
    return [
      `Target ${target.isMet ? 'met' : 'missed'}: ${row.who}, ${row.name}${where}: ${figure(target.reached)} ${unit}, ${bound} ${row.target}.`,
    ]
  })
}
