// When the rate of a WorkQueue lets a job start, and the one timer for those who wait for nothing else.
import { Rate, type RateOptions } from '../rate.ts'
import { LONGEST_TIMER } from '../wait.ts'

export class StartRate {
  readonly #rate: Rate
  readonly #elapsed: () => void
  #timer: NodeJS.Timeout | undefined

  /** `elapsed` is called when more may start than when `wait` was called. */
  constructor(rate: RateOptions, elapsed: () => void) {
    this.#rate = new Rate(rate)
    this.#elapsed = elapsed
  }

  /** How many may start now. */
  get allowed(): number {
    return this.#rate.allowed(performance.now())
  }

  get isOpen(): boolean {
    return this.#rate.delay(performance.now()) === 0
  }

  take(): void {
    // Exact, for a time that is a little old would let too many through.
    this.#rate.take(performance.now())
  }

  /** The timer goes on if it is set: what may start then, and who still waits, is looked at again. */
  wait(): void {
    if (this.#timer !== undefined) return
    const now = performance.now()
    const delay = this.#rate.delay(now, this.#rate.allowed(now) + 1)
    // All that may ever start at once may start now: nobody waits for the rate.
    if (delay === Infinity) return
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined
        this.#elapsed()
      },
      Math.min(LONGEST_TIMER, Math.ceil(delay)),
    )
  }

  /** Nobody waits for it: the timer would keep the process. */
  rest(): void {
    if (this.#timer === undefined) return
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
