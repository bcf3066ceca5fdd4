// Events in order, kept as the arrays they came in. How many may be here is its owner's matter.

export class EventBuffer<T> {
  // From `#first` on; of the first array, what is before `#offset` is gone.
  #chunks: (readonly T[])[] = []
  #first = 0
  #offset = 0
  #length = 0
  // How many have ever left, and who wants to know when so many have.
  #taken = 0
  readonly #marks: { readonly at: number; readonly reached: () => void }[] = []

  get length(): number {
    return this.#length
  }

  add(events: readonly T[]): void {
    if (events.length === 0) return
    this.#chunks.push(events)
    this.#length += events.length
  }

  /** Adds within a bound: of what is too many the newest or the oldest go. Gives how many. */
  addWithin(size: number, events: readonly T[], keepsFirst: boolean): number {
    const over = Math.max(0, this.#length + events.length - Math.max(size, this.#length))
    this.add(over > 0 && keepsFirst ? events.slice(0, events.length - over) : events)
    if (!keepsFirst) this.take(over)
    return over
  }

  /** Puts back what was taken. */
  unshift(events: readonly T[]): void {
    if (events.length === 0) return
    const [oldest, ...others] = this.#chunks.slice(this.#first)
    this.#chunks = oldest === undefined ? [events] : [events, oldest.slice(this.#offset), ...others]
    this.#first = 0
    this.#offset = 0
    this.#length += events.length
    this.#taken -= events.length
  }

  /** `settle` calls it when all that is here now has left. */
  mark(reached: () => void): void {
    this.#marks.push({ at: this.#taken + this.#length, reached })
  }

  /** What was taken is not put back any more. */
  settle(): void {
    while (this.#marks[0] !== undefined && this.#marks[0].at <= this.#taken) this.#marks.shift()?.reached()
  }

  /** The oldest, `count` at most. */
  take(count: number): readonly T[] {
    const wanted = Math.min(count, this.#length)
    const first = this.#chunks[this.#first]
    if (wanted <= 0 || first === undefined) return []
    if (this.#offset === 0 && first.length === wanted) {
      this.#leave(wanted, first)
      return first
    }
    const taken: T[] = []
    for (let chunk = this.#chunks[this.#first]; chunk !== undefined; chunk = this.#chunks[this.#first]) {
      const until = Math.min(chunk.length, this.#offset + wanted - taken.length)
      const from = this.#offset
      for (let i = from; i < until; i++) taken.push(chunk[i] as T)
      this.#leave(until - from, chunk)
      if (taken.length === wanted) break
    }
    return taken
  }

  #leave(count: number, chunk: readonly T[]): void {
    this.#length -= count
    this.#taken += count
    this.#offset += count
    if (this.#offset < chunk.length) return
    // What is gone is not kept alive, and the array of arrays is cut from time to time only.
    this.#chunks[this.#first] = []
    this.#first += 1
    this.#offset = 0
    if (this.#first < 64 && this.#first < this.#chunks.length) return
    if (this.#first * 2 < this.#chunks.length) return
    this.#chunks = this.#chunks.slice(this.#first)
    this.#first = 0
  }
}
