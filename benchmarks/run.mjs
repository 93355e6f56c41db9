// npm run bench -- [--rounds N] [--json FILE]: start-up against child_process, bubblewrap and the floor of the kernel, on this machine, now.
import { writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { measureStartup } from './startup.mjs'
import { ms, table } from './table.mjs'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '100' }, json: { type: 'string' } } })
const rounds = Number(values.rounds)
if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError(`--rounds is not a positive whole number: ${values.rounds}`)

const machine = {
  date: new Date().toISOString(),
  kernel: release(),
  cpu: `${cpus().length} × ${cpus()[0]?.model.trim()}`,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  user: process.getuid?.() === 0 ? 'root' : `uid ${process.getuid?.()}`,
}
const { rows, notes } = await measureStartup({ rounds, say: (line) => process.stderr.isTTY && console.error(line) })

console.log(
  `\n${machine.date.slice(0, 10)}, Linux ${machine.kernel}, ${machine.cpu}, ${machine.memoryGiB} GiB, Node ${machine.node}, as ${machine.user}; ${rounds} rounds\n`,
)
const cells = ({ name, rssMb, wallUs, blockUs, isCalibration }) => {
  const wall = isCalibration ? ['', '', ''] : [ms(wallUs.median), ms(wallUs.p10), ms(wallUs.p90)]
  return [name, rssMb === undefined ? '' : String(rssMb), ...wall, ms(blockUs?.median), ms(blockUs?.p90)]
}
const byName = [...new Set(rows.map(({ name }) => name))].flatMap((name) => rows.filter((row) => row.name === name))
console.log(table(['milliseconds', 'RSS (MB)', 'median', 'p10', 'p90', 'loop blocked', 'p90'], byName.map(cells)))
console.log(
  '\n"loop blocked": the longest time in one start that no other callback could run; "nothing" is what an idle machine shows (benchmarks/blocking.mjs).',
)
for (const note of notes) console.log(`Note: ${note}.`)

if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ machine, rounds, rows, notes }, null, 2)}\n`)
