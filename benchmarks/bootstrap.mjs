// The noise of a median: a circular block bootstrap. Rounds that follow one another share what disturbed them, so whole blocks of about n^⅓ rounds are drawn.

const DRAWS = 2000

/** The logarithms of the medians of so many resamples of `samples`. The same samples and seed text always give the same draws. */
export function drawLogMedians(samples, seedText) {
  const random = mulberry32(hash(seedText))
  const block = Math.round(samples.length ** (1 / 3))
  const drawn = new Float64Array(samples.length)
  return Array.from({ length: DRAWS }, () => {
    for (let at = 0, from = 0; at < drawn.length; at++) {
      if (at % block === 0) from = Math.floor(random() * samples.length)
      drawn[at] = samples[(from + (at % block)) % samples.length]
    }
    // quantile() would copy it.
    return Math.log(drawn.sort()[Math.floor(drawn.length / 2)])
  })
}

/** FNV-1a. */
function hash(text) {
  let state = 0x811c9dc5
  for (let k = 0; k < text.length; k++) state = Math.imul(state ^ text.charCodeAt(k), 0x01000193)
  return state >>> 0
}

/** A small random generator with a seed, uniform in [0, 1). */
function mulberry32(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
