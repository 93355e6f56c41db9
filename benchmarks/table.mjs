// Rows of text as a Markdown table: readable on a terminal, pasteable into the docs. Columns of figures are right-aligned.

const isFigure = (text) => /^[-\d.,]*( %)?$/.test(text)

/** @param header one text a column @param rows as many texts a row */
export function table(header, rows) {
  const columns = header.map((title, column) => ({
    width: Math.max(title.length, 3, ...rows.map((row) => row[column].length)),
    isRight: rows.every((row) => isFigure(row[column])),
  }))
  const line = (cells) =>
    `| ${cells.map((cell, k) => (columns[k].isRight ? cell.padStart(columns[k].width) : cell.padEnd(columns[k].width))).join(' | ')} |`
  const rule = columns.map(({ width, isRight }) => (isRight ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)))
  return [line(header), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n')
}
