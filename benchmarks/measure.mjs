// What all benchmarks share: the shape of a row of figures, and the taking of turns.
//
// A benchmark is a module that exports `name` (its group), `rounds` ({ full, quick }), `measure(options)` and perhaps `options` (more of the command line, in
// parseArgs' terms), and ends with `await alone(import.meta.url, { … })` so that it runs by itself as well (alone.mjs). `measure` gets { rounds, isQuick,
// values, say } and resolves to { rows, missing?, notes? }.

/**
 * One contender at one task.
 * @typedef {object} Row
 * @property {string} name the task; the rows of one task stand together and are compared with one another
 * @property {string} who the contender
 * @property {string} unit of the samples: 'ms', 'GiB/s', 'KiB' …
 * @property {number[]} samples in the order they were taken, one a round
 * @property {boolean} [isPeer] not ours: it tells two machines, or two states of one, apart, and is never a regression
 * @property {boolean} [isRate] more is better. Default: less is
 * @property {number} [at] where on `axis` the task was measured: a task of several sizes
 * @property {string} [axis] what `at` counts, with its unit: 'RSS of the process, MB'
 * @property {number} [target] the figure to reach: of the median, or with a baseline of the median's ratio to the baseline's
 * @property {string} [baseline] the `who` of the same task (at the same place, or without one) that the target is a multiple of
 */

/** @typedef {{ name: string, reason: string }} Missing a peer that was not measured, and why */

/**
 * Measures contenders in turns, so that a busy machine disturbs all alike. Every second round goes backwards: nobody always follows the same neighbour.
 * @param contenders rows without samples, each with `run()`: resolves to a sample, or to undefined for "the milliseconds that it took"
 * @param {{ rounds: number, warmUp?: number, say?: (line: string) => void }} options `warmUp`: rounds that do not count, default 1
 * @returns {Promise<Row[]>} in the order of the contenders
 */
export async function interleave(contenders, { rounds, warmUp = 1, say }) {
  const measured = contenders.map(({ run, unit = 'ms', ...row }) => ({ run, row: { ...row, unit, samples: [] } }))
  for (let round = -warmUp; round < rounds; round++) {
    for (const { run, row } of round % 2 === 0 ? measured : measured.toReversed()) {
      const sample = await timed(run)
      if (round >= 0) row.samples.push(sample)
    }
    if (round >= 0) say?.(`${contenders[0]?.name}: ${round + 1} of ${rounds} rounds`)
  }
  return measured.map(({ row }) => row)
}

async function timed(run) {
  const began = performance.now()
  const sample = await run()
  return typeof sample === 'number' ? sample : performance.now() - began
}
