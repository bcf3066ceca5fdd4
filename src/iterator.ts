// What every async iterator written by hand shares: how a loop gets it, and the ways out that are a `return()`. Values and their waits are its own matter.

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
