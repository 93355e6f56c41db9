// The size of a terminal as options give it: ioctl_tty(2) has 16 bits for each side.
import { integerOption, rejectUnknown } from '../core/index.js'
import type { TerminalSize } from './types.js'

/** @throws TypeError | RangeError that names what is wrong */
export function checkSize(size: unknown, of: string): TerminalSize {
  if (typeof size !== 'object' || size === null) throw new TypeError(`${of} must be { columns, rows }`)
  rejectUnknown(size, ['columns', 'rows'], of)
  const { columns, rows } = size as Partial<TerminalSize>
  const checked = { columns: integerOption(columns, `${of}.columns`, 1, 65_535), rows: integerOption(rows, `${of}.rows`, 1, 65_535) }
  if (checked.columns === undefined || checked.rows === undefined) throw new TypeError(`${of} must have both columns and rows`)
  return { columns: checked.columns, rows: checked.rows }
}

/** The `pty` option: its size, or undefined for none. @throws TypeError | RangeError */
export function checkTerminal(pty: unknown): TerminalSize | undefined {
  if (pty === undefined || pty === false) return undefined
  return pty === true ? { columns: 80, rows: 24 } : checkSize(pty, 'pty')
}
