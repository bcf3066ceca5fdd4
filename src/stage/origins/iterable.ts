// Events from an iterator that never waits.
import type { Origin, Pulled } from './origin.ts'

export class IterableOrigin<O> implements Origin<O> {
  readonly isPatient = false
  readonly #iterator: Iterator<O>
  #isOver = false

  constructor(source: Iterable<O>) {
    this.#iterator = source[Symbol.iterator]()
  }

  pull(count: number): Pulled<O> {
    if (this.#isOver) return null
    const events: O[] = []
    while (events.length < count) {
      const result = this.#iterator.next()
      if (result.done === true) {
        this.#isOver = true
        return events.length > 0 ? events : null
      }
      events.push(result.value)
    }
    return events
  }

  close(): readonly O[] {
    if (!this.#isOver) {
      this.#isOver = true
      this.#iterator.return?.()
    }
    return []
  }
}
