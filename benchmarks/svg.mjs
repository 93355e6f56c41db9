// The parts of plots as SVG text: elements, scales and their ticks. No script and nothing from outside.

/** Text as it may stand in HTML and in attributes. */
export const escaped = (text) =>
  String(text).replace(/[&<>"]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[character])

/** An element. `content` is markup; attributes are escaped. */
export const element = (name, attributes, content = '') =>
  `<${name}${Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${escaped(typeof value === 'number' ? Math.round(value * 100) / 100 : value)}"`)
    .join('')}>${content}</${name}>`

/** A text element. */
export const label = (x, y, text, attributes = {}) => element('text', { x, y, ...attributes }, escaped(text))

/** From more than so many times its smallest value on, an axis is logarithmic. */
const LOG_FROM = 8

/** An axis over `values`, drawn from `start` to `end`: { of: value → place, ticks }. Linear ones begin at 0, logarithmic ones where the values do. */
export function scaleOf(values, [start, end]) {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const isLog = low > 0 && high / low > LOG_FROM
  const [from, to] = isLog ? [Math.log10(low) - 0.05, Math.log10(high) + 0.05] : [Math.min(0, low), high === 0 ? 1 : high * 1.05]
  const of = (value) => start + (((isLog ? Math.log10(value) : value) - from) / (to - from)) * (end - start)
  return { of, ticks: isLog ? logTicks(10 ** from, 10 ** to) : linearTicks(from, to) }
}

function logTicks(from, to) {
  const decades = Math.log10(to / from)
  const steps = decades < 1.5 ? [1, 2, 5] : decades < 4 ? [1, 3] : [1]
  const ticks = []
  for (let power = Math.floor(Math.log10(from)); power <= Math.log10(to); power++)
    ticks.push(...steps.map((step) => Number((step * 10 ** power).toPrecision(3))).filter((tick) => tick >= from && tick <= to))
  return ticks
}

function linearTicks(from, to) {
  const rough = (to - from) / 5
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough)
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, k) => Number(((Math.ceil(from / step) + k) * step).toPrecision(6)))
}
