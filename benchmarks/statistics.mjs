// Medians and spread of a list of samples. Quantiles by nearest rank: every figure is one that was measured.

/** The sample below which the share `q` of all lie. */
export function quantile(samples, q) {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]
}

/** { count, median, p10, p90, max, spread } of a list; the unit is the list's, `spread` is p90 − p10 as a share of the median. Undefined for an empty one. */
export function summarize(samples) {
  if (samples.length === 0) return undefined
  const [median, p10, p90, max] = [0.5, 0.1, 0.9, 1].map((q) => quantile(samples, q))
  return { count: samples.length, median, p10, p90, max, spread: (p90 - p10) / Math.abs(median) }
}
