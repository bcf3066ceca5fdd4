// What every async iterator written by hand shares: how a loop gets it, the ways out that are a `return()`, and which steps such a way out ends.
// Values and their waits are its own matter.
import { Deque } from './deque.ts'

/** The consumer has one way to leave, `return()`, which answers at once also while a `next()` is parked. */
export abstract class HandIterator<T> implements AsyncIterableIterator<T, undefined> {
  abstract next(): Promise<IteratorResult<T, undefined>>
  abstract return(): Promise<IteratorResult<T, undefined>>

  async throw(error: unknown): Promise<IteratorResult<T, undefined>> {
    await this.return()
    throw error
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }
}

/** Steps of one iterator that stand in a list, which serves them in the order in which they came. */
export class ParkedSteps<S extends { readonly isQueued: boolean }> {
  // Made by the first one that waits: many iterators only take what is there.
  #steps: Deque<S> | undefined

  add(step: S): void {
    const steps = (this.#steps ??= new Deque<S>())
    // Those that were served would be kept for as long as there is always one that waits.
    while (steps.peek()?.isQueued === false) steps.shift()
    steps.push(step)
  }

  /** Those that still wait. They are its own no more. */
  take(): S[] {
    return this.#steps?.drain().filter(({ isQueued }) => isQueued) ?? []
  }
}
