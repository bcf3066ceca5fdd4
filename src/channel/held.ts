// The items that a channel holds, with their bytes if anybody asked for those. Bounds are the core's matter.
import { Deque } from '../deque.ts'

export class Held<T> {
  bytes = 0
  peakLength = 0
  /** Called after each change of its length. */
  onChange: (() => void) | undefined
  readonly #items = new Deque<T>()
  readonly #sizes: Deque<number> | undefined

  constructor(isMeasured: boolean) {
    this.#sizes = isMeasured ? new Deque<number>() : undefined
  }

  get length(): number {
    return this.#items.length
  }

  add(value: T, size: number): void {
    this.#items.push(value)
    if (this.#sizes !== undefined) {
      this.#sizes.push(size)
      this.bytes += size
    }
    if (this.#items.length > this.peakLength) this.peakLength = this.#items.length
    if (this.onChange !== undefined) this.onChange()
  }

  /** Puts one in front of the oldest. */
  restore(value: T, size: number): void {
    this.#items.unshift(value)
    if (this.#sizes !== undefined) {
      this.#sizes.unshift(size)
      this.bytes += size
    }
    if (this.onChange !== undefined) this.onChange()
  }

  /** There is one. */
  removeOldest(): T {
    const value = this.#items.shift() as T
    if (this.#sizes !== undefined) {
      const size = this.#sizes.shift() ?? 0
      // Sizes may be fractions, whose sums drift: who holds nothing holds exactly nothing.
      this.bytes = this.#items.length === 0 ? 0 : this.bytes - size
    }
    if (this.onChange !== undefined) this.onChange()
    return value
  }

  removeAll(): T[] {
    this.#sizes?.drain()
    this.bytes = 0
    const items = this.#items.drain()
    if (this.onChange !== undefined) this.onChange()
    return items
  }
}
