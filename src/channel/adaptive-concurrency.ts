// How many jobs should run at once for one of them to take about a given time: one more while they are faster, a tenth less when they are slower.

const SLOWER = 0.9

export class AdaptiveConcurrency {
  /** So many may run now. */
  size: number
  readonly #least: number
  readonly #target: number
  #most: number
  // Since the last change: attempts that began after it say what that brought.
  #changedAt = 0
  #count = 0
  #totalMs = 0
  #isWanted = true

  constructor(least: number, most: number, target: number) {
    this.size = least
    this.#least = least
    this.#most = most
    this.#target = target
  }

  /** Changes the most; gives the size, which is within it. */
  limit(most: number): number {
    this.#most = most
    this.size = Math.max(1, Math.min(this.size, most))
    return this.size
  }

  /** An attempt ended; `isWanted` if another slot would have been of use, and nothing speaks against one. Gives the size. */
  ended(since: number, now: number, isWanted: boolean): number {
    if (since < this.#changedAt) return this.size
    this.#count += 1
    this.#totalMs += now - since
    this.#isWanted &&= isWanted
    if (this.#count < this.size) return this.size
    const isSlow = this.#totalMs / this.#count > this.#target
    const before = this.size
    if (isSlow)
      this.size = Math.max(Math.min(this.#least, this.#most), Math.min(before - 1, Math.floor(before * SLOWER)))
    else if (this.#isWanted) this.size = Math.min(this.#most, before + 1)
    if (this.size !== before) this.#changedAt = now
    this.#count = 0
    this.#totalMs = 0
    this.#isWanted = true
    return this.size
  }
}
