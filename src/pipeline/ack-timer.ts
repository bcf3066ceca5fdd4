// Looks after acknowledgements that take too long. Set only while one is outstanding.

export class AckTimer {
  readonly #timeout: number
  readonly #since: () => number | undefined
  readonly #overdue: () => void
  #timer: NodeJS.Timeout | undefined

  /** `since` tells when the oldest that is outstanding was sent. */
  constructor(timeout: number, since: () => number | undefined, overdue: () => void) {
    this.#timeout = timeout
    this.#since = since
    this.#overdue = overdue
  }

  /** Something was sent, or acknowledged. */
  check(): void {
    if (this.#timeout === Infinity) return
    const since = this.#since()
    if (since === undefined) this.stop()
    else if (this.#timer === undefined) this.#arm(since)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #arm(since: number): void {
    const left = since + this.#timeout - performance.now()
    this.#timer = setTimeout(() => this.#look(), Math.max(1, Math.ceil(left)))
  }

  #look(): void {
    this.#timer = undefined
    const since = this.#since()
    if (since === undefined) return
    // Timers may fire a little early.
    if (since + this.#timeout - performance.now() > 1) this.#arm(since)
    else this.#overdue()
  }
}
