// What is said of a comparison (compare.mjs), for Markdown and HTML alike: what became worse and better, and the noise that all was judged by.
import { figure, titleOf } from './figures.mjs'
import { machineLine } from './machine.mjs'

const HEADER = ['group', 'task', 'unit', 'before', 'now', 'change', 'interval', 'machine']

/** { title, tables: { title, verdict, header, rows }[], lines }. @param name of the earlier result @param machine the one that it was measured on */
export function sayComparison({ rows, gone, added, isSameMachine }, name, machine) {
  const of = (verdict) => rows.filter((row) => row.verdict === verdict)
  const part = (title, verdict) => (of(verdict).length === 0 ? [] : [{ title, verdict, header: HEADER, rows: of(verdict).map(cells) }])
  return {
    title: `Against ${name}`,
    tables: [...part('Worse beyond noise', 'worse'), ...part('Better beyond noise', 'better')],
    lines: [
      `${of('worse').length} worse, ${of('better').length} better, ${of('same').length} the same within noise, ${of('unknown').length} measured only once.`,
      ...(isSameMachine ? [] : ['Another machine than before: judged by the change against the peers.']),
      ...named('No longer measured', gone),
      ...named('Not measured before', added),
      `Before: ${machineLine(machine)}. "Change" is now ÷ before of the medians (the inverse for rates: above 1 is worse) with its 99.9 % bootstrap interval; "machine" is the same of the peers.`,
    ],
  }
}

const named = (what, rows) => (rows.length === 0 ? [] : [`${what}: ${rows.map((row) => `${row.group}: ${titleOf(row)}`).join('; ')}.`])

const cells = ({ row, before, now, change, low, high, machine }) => [
  row.group,
  titleOf(row),
  row.unit,
  figure(before),
  figure(now),
  change.toFixed(2),
  `${low.toFixed(2)} to ${high.toFixed(2)}`,
  machine === undefined ? '' : machine.toFixed(2),
]
