// FILETIME: 100 ns since 1601-01-01 UTC (MS-DTYP 2.3.3).

const TICKS_PER_MS = 10_000n
const UNIX_EPOCH_MS = 11_644_473_600_000n
const MAX = 0xffffffffffffffffn

/** As a Date, rounded down to milliseconds; past what a Date can hold it is the last Date there is. */
export function filetimeToDate(filetime: bigint): Date {
  const ms = Number(filetime / TICKS_PER_MS - UNIX_EPOCH_MS)
  return new Date(Math.min(ms, 8.64e15))
}

/** @throws RangeError for an invalid Date, or one before 1601 */
export function dateToFiletime(date: Date): bigint {
  const ms = date.getTime()
  if (Number.isNaN(ms)) throw new RangeError('lastWritten must be a valid Date')
  return checkFiletime((BigInt(ms) + UNIX_EPOCH_MS) * TICKS_PER_MS)
}

/** @throws RangeError unless it fits 64 bits */
export function checkFiletime(filetime: bigint): bigint {
  if (filetime < 0n || filetime > MAX) throw new RangeError(`not a FILETIME: ${filetime}`)
  return filetime
}
