// A rate as the generic cell rate algorithm keeps it: one number, no timer, no window at whose edge twice the rate slips through. Who waits, and how, is the caller's matter.
import { invalidOption } from './errors.ts'

/** How many in which time. */
export interface RateOptions {
  /** So many in each interval. */
  limit: number
  /** In ms. */
  interval: number
  /** So many may come at once after a pause; 1 by default, which spaces them evenly and never lets more than `limit` into any interval. */
  burst?: number
}

/** Throws ERR_INVALID_OPTION for a rate that can't be kept. */
export function checkRate(rate: RateOptions, option: string): void {
  if (rate === null || typeof rate !== 'object') throw invalidOption(option, 'an object', rate)
  const { limit, interval, burst = 1 } = rate
  if (!(typeof limit === 'number' && limit > 0 && limit < Infinity)) {
    throw invalidOption(`${option}.limit`, 'a positive number', limit)
  }
  if (!(typeof interval === 'number' && interval > 0 && interval < Infinity)) {
    throw invalidOption(`${option}.interval`, 'a positive number of ms', interval)
  }
  if (!(Number.isSafeInteger(burst) && burst >= 1)) throw invalidOption(`${option}.burst`, 'a positive integer', burst)
}

// In ms: what sums of times are wrong by, without which one of a burst would be late.
const ROUNDING = 1e-4

export class Rate {
  /** Time between two at the steady rate. */
  readonly #gap: number
  readonly #burst: number
  // When the next one is due at the steady rate.
  #due = -Infinity

  constructor(rate: RateOptions, option = 'rate') {
    checkRate(rate, option)
    this.#gap = rate.interval / rate.limit
    this.#burst = rate.burst ?? 1
  }

  /** Milliseconds until so many are allowed at once: 0 when they are now, Infinity if they never are. Takes nothing. */
  delay(now: number, count = 1): number {
    if (count > this.#burst) return Infinity
    const delay = this.#due - this.#gap * (this.#burst - count) - now
    return delay <= ROUNDING ? 0 : delay
  }

  /** How many are allowed at once. Takes nothing. */
  allowed(now: number): number {
    return Math.max(0, Math.floor(this.#burst - Math.max(0, this.#due - now - ROUNDING) / this.#gap))
  }

  /** Takes one that `delay` or `allowed` allowed. */
  take(now: number): void {
    this.#due = Math.max(this.#due, now) + this.#gap
  }
}
