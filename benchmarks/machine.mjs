// The machine a benchmark ran on, and in which state it was.
import { cpus, loadavg, release, totalmem } from 'node:os'

/** { date, kernel, cpu, memoryGiB, node, user, load }: `load` is the average of the last minute, when it was called. */
export const describeMachine = () => ({
  date: new Date().toISOString(),
  kernel: `${process.platform === 'linux' ? 'Linux' : process.platform} ${release()}`,
  cpu: `${cpus().length} × ${cpus()[0]?.model.trim()}`,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  user: process.getuid?.() === 0 ? 'root' : `uid ${process.getuid?.()}`,
  load: Math.round(loadavg()[0] * 100) / 100,
})

/** It in one line of text. */
export const machineLine = (machine) =>
  `${machine.date.slice(0, 10)}, ${machine.kernel}, ${machine.cpu}, ${machine.memoryGiB} GiB, Node ${machine.node}, as ${machine.user}, load ${machine.load} at the start`
