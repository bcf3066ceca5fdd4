// Whether a series of samples rises: least squares, and how far chance alone would tilt the line.

export interface Sample {
  /** Minutes from the beginning. */
  readonly at: number
  readonly value: number
}

export interface Trend {
  /** By how much the value rises a minute. */
  readonly slope: number
  /** What noise alone may make of a level series: three standard errors, widened for samples that resemble their neighbours. */
  readonly noise: number
  /** What the line rises by from the first sample to the last. */
  readonly rise: number
  readonly isRising: boolean
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** A sample after a high one tends to be high too; then there is less to know than there are samples. */
function resemblance(rests: readonly number[]): number {
  const all = sum(rests.map(rest => rest ** 2))
  if (all === 0) return 0
  const neighbours = sum(rests.slice(1).map((rest, index) => rest * (rests[index] as number)))
  return Math.min(0.9, Math.max(0, neighbours / all))
}

/** A line through fewer says nothing: memory settles for minutes. */
const LEAST = 30

/** Rising by less than `grain` in all is level: the smallest amount that means anything in this series. */
export function trendOf(samples: readonly Sample[], grain: number): Trend {
  const count = samples.length
  if (count < LEAST) return { slope: 0, noise: Infinity, rise: 0, isRising: false }
  const [x, y] = [sum(samples.map(({ at }) => at)) / count, sum(samples.map(({ value }) => value)) / count]
  const spread = sum(samples.map(({ at }) => (at - x) ** 2))
  const slope = sum(samples.map(({ at, value }) => (at - x) * (value - y))) / spread
  const rests = samples.map(({ at, value }) => value - y - slope * (at - x))
  const error = Math.sqrt(sum(rests.map(rest => rest ** 2)) / (count - 2) / spread)
  const alike = resemblance(rests)
  const noise = 3 * error * Math.sqrt((1 + alike) / (1 - alike))
  const rise = slope * ((samples.at(-1) as Sample).at - (samples[0] as Sample).at)
  return { slope, noise, rise, isRising: slope > noise && rise >= grain }
}

/** The later half, when everything that is made once has been made. */
export function laterHalf(samples: readonly Sample[]): Sample[] {
  return samples.slice(Math.floor(samples.length / 2))
}
