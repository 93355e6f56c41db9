// A result against an earlier one: which of our rows became slower, or bigger, by more than noise.
//
// The statistic is the ratio of the medians, now ÷ before (before ÷ now for rates, so that more is always worse). Its noise is a 99.9 % bootstrap interval
// (bootstrap.mjs). The machine's own change is the median of the peers' ratios at the same task, or in the group where the task has no peer. A row is worse
// when the ratio is above 1 by more than the tolerance and the whole interval above 1, both as measured and with the machine's change taken off; better
// likewise. On another machine only the second counts. With fewer than 5 samples the interval is made of the ranges, and the tolerance is
// doubled; of a single sample nothing is known.
import { drawLogMedians } from './bootstrap.mjs'
import { quantile } from './statistics.mjs'

export const TOLERANCE = 0.1
const FEW = 5
const CONFIDENCE = 0.999

const keyOf = ({ group, name, at, who }) => JSON.stringify([group, name, at, who])

/**
 * Compares the groups that both have.
 * @returns {{ isSameMachine: boolean, rows: { row, before, now, change, low, high, machine, verdict: 'worse' | 'better' | 'same' | 'unknown' }[], gone: object[], added: object[] }}
 *   `change`, its interval `low` to `high` and `machine` are ratios, above 1 for the worse; `machine` is undefined without peers
 */
export function compare(earlier, later, { tolerance = TOLERANCE } = {}) {
  const isSameMachine = ['cpu', 'kernel', 'memoryGiB', 'node', 'user'].every((field) => earlier.machine[field] === later.machine[field])
  const shared = ({ group }) => earlier.groups[group] !== undefined && later.groups[group] !== undefined
  const [before, now] = [earlier, later].map(({ rows }) => new Map(rows.filter(shared).map((row) => [keyOf(row), row])))
  const pairs = [...now]
    .filter(([key, row]) => isComparable(row) && isComparable(before.get(key)))
    .map(([key, row]) => pairOf(key, before.get(key), row))
  const only = (map, other) => [...map].filter(([key, row]) => !other.has(key) && !row.isPeer).map(([, row]) => row)
  return {
    isSameMachine,
    rows: pairs.filter(({ row }) => !row.isPeer).map((pair) => judge(pair, peersOf(pair, pairs), { tolerance, isSameMachine })),
    gone: only(before, now),
    added: only(now, before),
  }
}

const isComparable = (row) => row !== undefined && row.samples.length > 0 && row.samples.every((sample) => sample > 0)

/** Both rows of a key: the logarithm of the ratio of their medians, and draws of it, sorted by draw; with few samples only its `ends`, from their ranges. */
function pairOf(key, before, row) {
  const sign = row.isRate ? -1 : 1
  const pair = { row, before, median: sign * Math.log(quantile(row.samples, 0.5) / quantile(before.samples, 0.5)) }
  const count = Math.min(before.samples.length, row.samples.length)
  if (count < FEW) return { ...pair, isSingle: count === 1, ends: wideEnds(before.samples, row.samples, sign) }
  const was = drawLogMedians(before.samples, `${key} before`)
  return { ...pair, draws: drawLogMedians(row.samples, `${key} now`).map((now, k) => sign * (now - was[k])) }
}

/** How far apart two ranges can be, and on either side the larger range once more: three samples against three lie wholly apart once in ten times by chance. */
function wideEnds(before, now, sign) {
  const [was, is] = [before, now].map((samples) => samples.map((sample) => sign * Math.log(sample)).sort((a, b) => a - b))
  const range = Math.max(was.at(-1) - was[0], is.at(-1) - is[0])
  return [is[0] - was.at(-1) - range, is.at(-1) - was[0] + range]
}

function peersOf({ row }, pairs) {
  const peers = pairs.filter((other) => other.row.isPeer && other.row.group === row.group)
  const atTask = peers.filter((other) => other.row.name === row.name && (other.row.at === undefined || other.row.at === row.at))
  return atTask.length > 0 ? atTask : peers
}

function judge(pair, peers, { tolerance, isSameMachine }) {
  const machine =
    peers.length === 0
      ? 0
      : quantile(
          peers.map(({ median }) => median),
          0.5,
        )
  const noisy = peers.filter(({ draws }) => draws !== undefined)
  const machineAt = (k) =>
    noisy.length === 0
      ? machine
      : quantile(
          noisy.map(({ draws }) => draws[k]),
          0.5,
        )
  const own = { median: pair.median, ends: pair.ends ?? interval(pair.draws) }
  const adjusted = {
    median: pair.median - machine,
    ends: pair.ends?.map((end) => end - machine) ?? interval(pair.draws.map((draw, k) => draw - machineAt(k))),
  }
  const counting = [...(isSameMachine || peers.length === 0 ? [own] : []), adjusted]
  const least = Math.log(1 + tolerance) * (pair.ends === undefined ? 1 : 2)
  const isWorse = counting.every(({ median, ends }) => median > least && ends[0] > 0)
  const isBetter = counting.every(({ median, ends }) => median < -least && ends[1] < 0)
  return {
    row: pair.row,
    before: quantile(pair.before.samples, 0.5),
    now: quantile(pair.row.samples, 0.5),
    change: Math.exp(pair.median),
    low: Math.exp(own.ends[0]),
    high: Math.exp(own.ends[1]),
    machine: peers.length === 0 ? undefined : Math.exp(machine),
    verdict: pair.isSingle ? 'unknown' : isWorse ? 'worse' : isBetter ? 'better' : 'same',
  }
}

const interval = (draws) => [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2].map((q) => quantile(draws, q))
