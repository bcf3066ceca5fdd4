// Choices from a seed: the same seed and number give the same ones, whatever else happens meanwhile.

export class Draw {
  #state: number

  constructor(seed: number, number: number) {
    // Neighbouring numbers must not begin alike, so both go through the mixing before the first choice.
    this.#state = Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b) ^ Math.imul(number + 1, 0xc2b2_ae35)
    this.next()
    this.next()
  }

  /** At least 0 and less than 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b_79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** An integer, both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1))
  }

  /** Small more often than large: as likely below the square root of the range as above it. */
  size(most: number): number {
    return Math.floor((most + 1) ** this.next()) - 1
  }

  chance(share: number): boolean {
    return this.next() < share
  }

  one<T>(items: readonly T[]): T {
    return items[this.between(0, items.length - 1)] as T
  }
}
