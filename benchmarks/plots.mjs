// The two plots of a task: every contender's samples on one axis, and, for a task of several sizes, the medians along the sizes.
import { figure, place } from './figures.mjs'
import { summarize } from './statistics.mjs'
import { element, escaped, label, scaleOf } from './svg.mjs'

const WIDTH = 900
const ROW = 22
const LABELS = 330
const FIGURES = 90
const MOST_DOTS = 80

const svg = (height, title, content) =>
  element('svg', { viewBox: `0 0 ${WIDTH} ${height}`, role: 'img', 'aria-label': title }, content.join(''))
const line = (x1, y1, x2, y2, className) => element('line', { x1, y1, x2, y2, class: className })
const sideOf = ({ isPeer }) => (isPeer ? 'peer' : 'ours')

/** A strip for each row: its samples as dots, p10 to p90 as a bar, the median as a mark and in figures. All rows have one unit. */
export function stripPlot(rows) {
  const scale = scaleOf(rows.flatMap(clipped), [LABELS, WIDTH - FIGURES])
  const height = rows.length * ROW + 30
  const axis = scale.ticks.flatMap((tick) => [
    line(scale.of(tick), 6, scale.of(tick), height - 24, 'grid'),
    label(scale.of(tick), height - 8, figure(tick), { class: 'tick', 'text-anchor': 'middle' }),
  ])
  return svg(height, rows[0].name, [
    ...axis,
    label(WIDTH - FIGURES + 8, height - 8, rows[0].unit, { class: 'tick' }),
    ...rows.flatMap((row, k) => strip(row, k * ROW + 18, scale)),
  ])
}

function strip(row, y, scale) {
  const { median, p10, p90, count } = summarize(row.samples)
  const dots = evenly(clipped(row), MOST_DOTS).map((sample) => element('circle', { cx: scale.of(sample), cy: y, r: 2.2 }))
  const title = `${row.who}: median ${figure(median)}, p10 ${figure(p10)}, p90 ${figure(p90)} ${row.unit} of ${count} samples`
  const name = row.at === undefined ? row.who : `${row.who}, ${place(row)}`
  return [
    label(LABELS - 10, y + 4, name, { 'text-anchor': 'end', class: sideOf(row) }),
    element(
      'g',
      { class: sideOf(row) },
      [
        element('title', {}, escaped(title)),
        ...dots,
        line(scale.of(p10), y, scale.of(p90), y, 'range'),
        line(scale.of(median), y - 7, scale.of(median), y + 7, 'median'),
      ].join(''),
    ),
    label(WIDTH - FIGURES + 8, y + 4, figure(median), { class: sideOf(row) }),
  ]
}

/** Samples without the few far above the rest, which would press all others into a corner; the median and the range keep them. */
function clipped({ samples }) {
  const { p90 } = summarize(samples)
  return samples.filter((sample) => sample <= p90 * 1.5)
}

const evenly = (list, most) =>
  list.length <= most ? list : Array.from({ length: most }, (_, k) => list[Math.floor((k * list.length) / most)])

/** Lines of medians along `at`, one for each contender that has several places; one without a place is a dashed line. Undefined for a task of one size. */
export function growthPlot(rows) {
  const [placed, level] = [rows.filter(({ at }) => at !== undefined), rows.filter(({ at }) => at === undefined)]
  const places = [...new Set(placed.map(({ at }) => at))]
  if (places.length < 2) return undefined
  const medianOf = ({ samples }) => summarize(samples).median
  const height = 300
  const [left, right, bottom] = [60, WIDTH - LABELS, height - 46]
  const x = scaleOf(places, [left + 10, right - 10])
  const y = scaleOf(rows.map(medianOf), [bottom, 14])
  const grid = [
    ...y.ticks.flatMap((tick) => [
      line(left, y.of(tick), right, y.of(tick), 'grid'),
      label(left - 6, y.of(tick) + 4, figure(tick), { class: 'tick', 'text-anchor': 'end' }),
    ]),
    ...places.map((at) => label(x.of(at), bottom + 18, place({ at }), { class: 'tick', 'text-anchor': 'middle' })),
    label((left + right) / 2, height - 8, placed[0].axis ?? '', { class: 'tick', 'text-anchor': 'middle' }),
    label(4, 10, rows[0].unit, { class: 'tick' }),
  ]
  const lines = [...new Set(placed.map(({ who }) => who))].map((who) => {
    const points = placed.filter((row) => row.who === who).sort((a, b) => a.at - b.at)
    return { row: points[0], end: y.of(medianOf(points.at(-1))), points: points.map((row) => [x.of(row.at), y.of(medianOf(row))]) }
  })
  const levels = level.map((row) => ({
    row,
    end: y.of(medianOf(row)),
    points: [
      [left, y.of(medianOf(row))],
      [right, y.of(medianOf(row))],
    ],
    isLevel: true,
  }))
  return svg(height, `${rows[0].name}, along ${placed[0].axis}`, [...grid, ...named([...lines, ...levels], right)])
}

/** The lines with their names at the right, moved apart where they would overlap. */
function named(lines, right) {
  let lowest = -Infinity
  return lines
    .sort((a, b) => a.end - b.end)
    .flatMap(({ row, end, points, isLevel }) => {
      lowest = Math.max(end + 4, lowest + 15)
      const drawn = element('polyline', {
        points: points.map((point) => point.map((value) => value.toFixed(1)).join()).join(' '),
        class: isLevel ? 'level' : 'line',
      })
      const dots = isLevel ? [] : points.map(([cx, cy]) => element('circle', { cx, cy, r: 3 }))
      return element('g', { class: sideOf(row) }, [drawn, ...dots, label(right + 8, lowest, row.who)].join(''))
    })
}
