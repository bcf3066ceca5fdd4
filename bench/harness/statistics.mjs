// Medians, spread, and the verdict on a claim.

export function quantile(values, q) {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))]
}

/** Median, smallest and largest. */
export function summary(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  return { median, min: sorted[0], max: sorted.at(-1) }
}

/** The claim's number: ours by theirs round by round, or ours alone. */
export function judge(claim, samples) {
  const ours = samples[claim.side]?.[claim.metric]
  const theirs = claim.against && samples[claim.against.side ?? claim.against]?.[claim.against.metric ?? claim.metric]
  if (!ours || (claim.against && !theirs)) return undefined
  const values = theirs ? ours.map((value, round) => value / theirs[round]) : ours
  const result = summary(values)
  const holds = claim.atLeast === undefined ? result.median <= claim.atMost : result.median >= claim.atLeast
  return { ...result, holds }
}
