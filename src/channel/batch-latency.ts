// How large batches should be for their consumer to take about a given time for one: up slowly while it is faster, down at once when it is slower.

const FASTER = 1.05
const SLOWER = 0.9

export class AdaptiveSize {
  /** Starts at 1: what a batch costs is not known before one was taken. */
  size = 1
  readonly #most: number
  readonly #target: number
  #handedOverAt: number | undefined
  #handedOver = 0

  constructor(most: number, target: number) {
    this.#most = most
    this.#target = target
  }

  /** The consumer got a batch of so many items. */
  handOver(length: number, now: number): void {
    this.#handedOver = length
    this.#handedOverAt = now
  }

  /** The consumer is back for the next one. */
  asked(now: number): void {
    if (this.#handedOverAt === undefined) return
    const took = now - this.#handedOverAt
    this.#handedOverAt = undefined
    if (took > this.#target) this.size = Math.max(1, Math.floor(this.size * SLOWER))
    // Only a batch about as large as is allowed says that a larger one would do; it may have been formed one step earlier.
    else if (this.#handedOver >= Math.floor(this.size * SLOWER)) {
      this.size = Math.min(this.#most, Math.max(this.size + 1, Math.floor(this.size * FASTER)))
    }
  }
}
