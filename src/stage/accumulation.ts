// What is held back while a stage accumulates: orders, events and marks, each apart and in the order they came in.

/** An order, events, or whoever waits for those before it to go. */
export type Held<O> = number | readonly O[] | (() => void)

export class Accumulation<O> {
  readonly #entries: Held<O>[] = []

  get events(): number {
    let count = 0
    for (const entry of this.#entries) if (typeof entry === 'object') count += entry.length
    return count
  }

  add(entry: Held<O>): void {
    this.#entries.push(entry)
  }

  /** Takes away so many events, if there are so many, the oldest or the newest. Gives how many that are. */
  discard(count: number, keepsFirst: boolean): number {
    const before = this.events
    let left = Math.max(0, count)
    const entries = this.#entries
    const order = entries.map((_, i) => (keepsFirst ? entries.length - 1 - i : i))
    for (const at of order) {
      const entry = entries[at]
      if (typeof entry !== 'object' || left <= 0) continue
      const kept = Math.max(0, entry.length - left)
      left -= entry.length - kept
      entries[at] = keepsFirst ? entry.slice(0, kept) : entry.slice(entry.length - kept)
    }
    return before - this.events
  }

  [Symbol.iterator](): Iterator<Held<O>> {
    return this.#entries[Symbol.iterator]()
  }
}
