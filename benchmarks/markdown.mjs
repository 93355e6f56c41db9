// A result and a comparison as Markdown.
import { cellsOf, linesOf } from './figures.mjs'
import { machineLine } from './machine.mjs'
import { table } from './table.mjs'

/** All of a result, with the machine and the command on top. */
export const markdown = (result) =>
  [
    `${machineLine(result.machine)}; \`${result.command}\``,
    ...Object.keys(result.groups).map((group) => groupMarkdown(result, group)),
  ].join('\n\n')

/** One group: title, table, and what belongs to it. */
export function groupMarkdown(result, group) {
  const { rounds, seconds } = result.groups[group]
  const { header, rows } = cellsOf(result, group)
  return [`### ${group}`, `${rounds} rounds, ${seconds} s.`, table(header, rows), ...linesOf(result, group)].join('\n\n')
}

/** A comparison: what comparison.mjs says of it. */
export const comparisonMarkdown = ({ title, lines, tables }) =>
  [`## ${title}`, ...tables.map((part) => `### ${part.title}\n\n${table(part.header, part.rows)}`), ...lines].join('\n\n')
