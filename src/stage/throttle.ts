// Keeps what an outlet gives to a rate: how much may go now, and when it is worth looking again.
import { performance } from 'node:perf_hooks'
import { Rate, type RateOptions } from '../rate.ts'

export class Throttle {
  readonly options: RateOptions
  readonly #rate: Rate
  readonly #again: () => void
  #timer: NodeJS.Timeout | undefined

  /** `again` is called when more may go, once for each call of `wait`. */
  constructor(rate: RateOptions, again: () => void) {
    this.options = rate
    this.#rate = new Rate(rate)
    this.#again = again
  }

  get allowed(): number {
    return this.#rate.allowed(performance.now())
  }

  take(count: number): void {
    const now = performance.now()
    for (let i = 0; i < count; i++) this.#rate.take(now)
  }

  wait(): void {
    if (this.#timer !== undefined) return
    const delay = Math.max(1, Math.ceil(this.#rate.delay(performance.now())))
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#again()
    }, delay)
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
