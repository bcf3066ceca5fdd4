// Each event to one subscriber: the one that waits for most, among equals the one that has waited longest.
import { warn } from '../../callback.ts'
import type { Dispatch } from '../types.ts'
import type { StageDispatcher } from './dispatcher.ts'

interface Entry {
  readonly id: number
  credit: number
}

export class DemandDispatcher<O> implements StageDispatcher<O> {
  // The most first.
  readonly #entries: Entry[] = []
  // Ordered by subscriptions that have left since: the next asks are answered from it.
  #pending = 0
  #largest: number | undefined
  #shuffles: boolean
  #hasWarned = false

  constructor(shuffles: boolean) {
    this.#shuffles = shuffles
  }

  subscribe(id: number): void {
    this.#entries.push({ id, credit: 0 })
  }

  ask(id: number, count: number): number {
    this.#largest ??= count
    if (count > this.#largest && !this.#hasWarned) {
      this.#hasWarned = true
      warn(
        `A subscription asked for ${count} events where the first one asked for ${this.#largest}: the dispatcher 'demand' prefers greedy ones`,
      )
    }
    const entry = this.#remove(id)
    if (entry === undefined) return 0
    entry.credit += count
    this.#insert(entry)
    const paid = Math.min(this.#pending, count)
    this.#pending -= paid
    return count - paid
  }

  cancel(id: number): number {
    this.#pending += this.#remove(id)?.credit ?? 0
    return 0
  }

  dispatch(events: readonly O[]): Dispatch<O> {
    if (this.#shuffles) this.#shuffle()
    const deliveries: [number, readonly O[]][] = []
    let from = 0
    while (from < events.length) {
      const entry = this.#entries[0]
      if (entry === undefined || entry.credit === 0) break
      const count = Math.min(entry.credit, events.length - from)
      deliveries.push([entry.id, count === events.length ? events : events.slice(from, from + count)])
      from += count
      entry.credit -= count
      if (this.#entries.length === 1) continue
      this.#entries.shift()
      this.#insert(entry)
    }
    if (from === events.length) return { deliveries, leftover: [] }
    this.#pending = Math.max(0, this.#pending - (events.length - from))
    return { deliveries, leftover: events.slice(from) }
  }

  #insert(entry: Entry): void {
    const at = this.#entries.findIndex(({ credit }) => credit < entry.credit)
    if (at === -1) this.#entries.push(entry)
    else this.#entries.splice(at, 0, entry)
  }

  #remove(id: number): Entry | undefined {
    const at = this.#entries.findIndex(entry => entry.id === id)
    return at === -1 ? undefined : this.#entries.splice(at, 1)[0]
  }

  /** Once, so that of many producers that start together not all serve the same subscriber first. */
  #shuffle(): void {
    this.#shuffles = false
    for (let i = this.#entries.length - 1; i > 0; i--) {
      const j = Math.floor(Math.random() * (i + 1))
      const [one, other] = [this.#entries[i] as Entry, this.#entries[j] as Entry]
      this.#entries[i] = other
      this.#entries[j] = one
    }
  }
}
