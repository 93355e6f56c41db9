// Medians and spread of a list of samples. Quantiles by nearest rank: every figure is one that was measured.

/** The sample below which the share `q` of all lie. */
export function quantile(samples, q) {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]
}

/** { count, median, p10, p90, max } of a list; the unit is the list's. Undefined for an empty one. */
export function summarize(samples) {
  if (samples.length === 0) return undefined
  return {
    count: samples.length,
    median: quantile(samples, 0.5),
    p10: quantile(samples, 0.1),
    p90: quantile(samples, 0.9),
    max: quantile(samples, 1),
  }
}
