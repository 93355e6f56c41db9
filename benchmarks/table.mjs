// Rows of text as a Markdown table: readable on a terminal, pasteable into the docs. The first column is left-aligned, the rest are right-aligned.

/** @param header one text a column @param rows as many texts a row */
export function table(header, rows) {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)))
  const line = (cells) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join(' | ')} |`
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [line(header), rule, ...rows.map(line)].join('\n')
}

/** Microseconds as milliseconds with two digits after the point, or nothing where there is none. */
export const ms = (us) => (us === undefined ? '' : (us / 1000).toFixed(2))
