// Each event to all subscribers: no more is ordered than the slowest has asked for.
import type { Dispatch, SubscribeOptions } from '../types.ts'
import type { StageDispatcher } from './dispatcher.ts'

interface Entry<O> {
  credit: number
  readonly selector: ((event: O) => boolean) | undefined
}

export class BroadcastDispatcher<O> implements StageDispatcher<O> {
  readonly #entries = new Map<number, Entry<O>>()
  // Ordered, and not here yet. Accounted for when events come, whoever gets them: those that find nobody go to the buffer, and are ordered
  // again from there. Counted at delivery instead, a subscriber that left would leave an order behind that nobody fills.
  #ordered = 0

  subscribe(id: number, { selector }: SubscribeOptions<O>): void {
    this.#entries.set(id, { credit: 0, selector })
  }

  ask(id: number, count: number): number {
    const entry = this.#entries.get(id)
    if (entry !== undefined) entry.credit += count
    return this.#order()
  }

  cancel(id: number): number {
    this.#entries.delete(id)
    return this.#order()
  }

  dispatch(events: readonly O[]): Dispatch<O> {
    this.#ordered = Math.max(0, this.#ordered - events.length)
    const count = Math.min(events.length, this.#least())
    if (count === 0) return { deliveries: [], leftover: events }
    const given = count === events.length ? events : events.slice(0, count)
    const deliveries: [number, readonly O[]][] = []
    for (const [id, entry] of this.#entries) {
      const chosen = entry.selector === undefined ? given : given.filter(entry.selector)
      // What it doesn't want costs it nothing, so a subscriber that wants little can't hold up the others.
      entry.credit -= chosen.length
      if (chosen.length > 0) deliveries.push([id, chosen])
    }
    return { deliveries, leftover: count === events.length ? [] : events.slice(count), more: this.#order() }
  }

  #least(): number {
    let least = Infinity
    for (const { credit } of this.#entries.values()) if (credit < least) least = credit
    return least === Infinity ? 0 : least
  }

  #order(): number {
    const more = Math.max(0, this.#least() - this.#ordered)
    this.#ordered += more
    return more
  }
}
