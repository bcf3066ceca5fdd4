// Events from an iterator that never waits.
import type { Origin, Pulled } from './origin.ts'

export class IterableOrigin<O> implements Origin<O> {
  readonly isPatient = false
  readonly #iterator: Iterator<O>
  #isReading = false
  #isOver = false
  #isClosed = false
  #failure: { readonly error: unknown } | undefined

  constructor(source: Iterable<O>) {
    this.#iterator = source[Symbol.iterator]()
  }

  pull(count: number): Pulled<O> {
    const events: O[] = []
    this.#isReading = true
    try {
      while (!this.#isOver && events.length < count) {
        const result = this.#iterator.next()
        if (result.done === true) this.#isOver = true
        else events.push(result.value)
        if (result.done !== true && this.#isClosed) this.#iterator.return?.()
      }
    } catch (error) {
      this.#isOver = true
      this.#failure = { error }
    }
    this.#isReading = false
    // What it threw comes after what it gave before.
    if (events.length > 0) return events
    if (this.#failure !== undefined) throw this.#failure.error
    return null
  }

  close(): readonly O[] {
    if (this.#isOver) return []
    this.#isOver = true
    // A generator that is running, and has asked for this itself, can't be closed before it gives something.
    if (this.#isReading) this.#isClosed = true
    else this.#iterator.return?.()
    return []
  }
}
