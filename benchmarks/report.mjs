// A result as one HTML page that stands by itself: plots as SVG in it, tables, no script, nothing from outside.
import { cellsOf, linesOf, rowsOf } from './figures.mjs'
import { machineLine } from './machine.mjs'
import { growthPlot, stripPlot } from './plots.mjs'
import { element, escaped } from './svg.mjs'

const STYLE = `
:root { color-scheme: light dark; --ink: #1c1e21; --dim: #6b7280; --grid: #e5e7eb; --ours: #0b6bcb; --paper: #fff; --worse: #b42318; --better: #117a3d }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e6e6; --dim: #9aa0a6; --grid: #33373d; --ours: #66b2ff; --paper: #16181b; --worse: #ff8a7a; --better: #6ddc95 } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 960px; margin: 2rem auto; padding: 0 1rem }
h2 { margin-top: 3rem; border-bottom: 1px solid var(--grid) } h3 { margin: 2rem 0 .3rem; font-size: 1rem }
svg { width: 100%; height: auto; display: block } svg text { font-size: 12px; fill: var(--ink) } svg .tick, svg text.peer, svg .peer text { fill: var(--dim) }
svg text.ours, svg .ours text { fill: var(--ours) } .grid { stroke: var(--grid) } .ours { color: var(--ours) } .peer { color: var(--dim) }
circle { fill: currentColor; fill-opacity: .28 } .range { stroke: currentColor; stroke-width: 3; stroke-opacity: .5 } .median { stroke: currentColor; stroke-width: 3 }
polyline { fill: none; stroke: currentColor; stroke-width: 2 } .level { stroke-dasharray: 5 4 }
.wide { overflow-x: auto } table { border-collapse: collapse; font-size: 13px } th, td { padding: .15rem .6rem; text-align: right; border-bottom: 1px solid var(--grid) } th:first-child, td:first-child { text-align: left }
.dim { color: var(--dim) } .worse { color: var(--worse) } .better { color: var(--better) }`

/** The page. @param [comparison] what comparison.mjs says of one, put on top */
export function report(result, comparison) {
  const groups = Object.keys(result.groups)
  const links = groups.map((group) => element('a', { href: `#${group}` }, escaped(group))).join(' · ')
  const body = [
    '<h1>stratabox: benchmarks</h1>',
    element('p', {}, `${escaped(machineLine(result.machine))}<br><code>${escaped(result.command)}</code>`),
    element(
      'p',
      { class: 'dim' },
      'A dot is a sample, the bar reaches from p10 to p90, the mark is the median; ours in colour. Contenders took turns in the same run: read ratios.',
    ),
    element('p', {}, links),
    ...(comparison === undefined ? [] : [compared(comparison)]),
    ...groups.map((group) => section(result, group)),
  ]
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>stratabox: benchmarks</title><style>${STYLE}\n</style></head><body>\n${body.join('\n')}\n</body></html>\n`
}

function section(result, group) {
  const { rounds, seconds } = result.groups[group]
  return [
    element('h2', { id: group }, escaped(group)),
    element('p', { class: 'dim' }, `${rounds} rounds, ${seconds} s`),
    ...paragraphs(linesOf(result, group)),
    ...tasksOf(rowsOf(result, group)).map(plots),
    element('details', {}, `<summary>All figures</summary>${table(cellsOf(result, group))}`),
  ].join('\n')
}

/** The rows of each task in each unit: what one axis can hold. */
function tasksOf(rows) {
  const key = ({ name, unit }) => JSON.stringify([name, unit])
  return [...new Set(rows.map(key))].map((task) => rows.filter((row) => key(row) === task))
}

const plots = (rows) => [element('h3', {}, escaped(rows[0].name)), growthPlot(rows) ?? '', stripPlot(rows)].join('\n')

const compared = ({ title, tables, lines }) =>
  [
    element('h2', { id: 'comparison' }, escaped(title)),
    ...tables.map((part) => element('h3', { class: part.verdict }, escaped(part.title)) + table(part)),
    ...paragraphs(lines),
  ].join('\n')

const paragraphs = (lines) => lines.map((line) => element('p', {}, escaped(line)))

function table({ header, rows }) {
  const row = (name, cells) => element('tr', {}, cells.map((cell) => element(name, {}, escaped(cell))).join(''))
  const body = [element('thead', {}, row('th', header)), element('tbody', {}, rows.map((cells) => row('td', cells)).join(''))]
  return element('div', { class: 'wide' }, element('table', {}, body.join('')))
}
