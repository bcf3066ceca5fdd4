// A source that gives what the test puts in, and tells how it was used.

import { deferred, type Deferred } from './deferred.ts'

export class HandSource<T> implements AsyncIterableIterator<T, undefined> {
  /** How often it was asked for an item. */
  asked = 0
  returned = 0
  readonly #items: T[] = []
  readonly #parked: Deferred<IteratorResult<T, undefined>>[] = []
  #end: { readonly error?: unknown } | undefined

  /** Items that nobody has asked for yet. */
  get waiting(): number {
    return this.#items.length
  }

  put(...items: T[]): void {
    for (const value of items) {
      const parked = this.#parked.shift()
      if (parked === undefined) this.#items.push(value)
      else parked.resolve({ done: false, value })
    }
  }

  end(): void {
    this.#end = {}
    for (const parked of this.#parked.splice(0)) parked.resolve({ done: true, value: undefined })
  }

  fail(error: unknown): void {
    this.#end = { error }
    for (const parked of this.#parked.splice(0)) parked.reject(error)
  }

  next(): Promise<IteratorResult<T, undefined>> {
    this.asked += 1
    if (this.#items.length > 0) return Promise.resolve({ done: false, value: this.#items.shift() as T })
    if (this.#end !== undefined && 'error' in this.#end) return Promise.reject(this.#end.error)
    if (this.#end !== undefined) return Promise.resolve({ done: true, value: undefined })
    const parked = deferred<IteratorResult<T, undefined>>()
    this.#parked.push(parked)
    return parked.promise
  }

  /** Answers after the pending reads, as async generators do. */
  async return(): Promise<IteratorResult<T, undefined>> {
    this.returned += 1
    await Promise.allSettled(this.#parked.map(({ promise }) => promise))
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
