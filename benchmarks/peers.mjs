// The programs that benchmarks compare with, where they are installed.
import { missingCommands } from '../scripts/peers.mjs'

/** Whether the program is there; one that is not is added to `missing` (see measure.mjs). */
export function installed(command, missing) {
  const isThere = missingCommands([{ command }]).length === 0
  if (!isThere) missing.push({ name: command, reason: 'it is not installed' })
  return isThere
}
