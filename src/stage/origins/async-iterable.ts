// Events from an async iterator, streams of Node included: what it gives without waiting comes together, and nothing is held back.
import type { Origin, Pulled } from './origin.ts'

export class AsyncIterableOrigin<O> implements Origin<O> {
  readonly isPatient = false
  readonly #source: AsyncIterable<O>
  #iterator: AsyncIterator<O> | undefined
  #events: O[] = []
  #wanted = 0
  #waiting: { resolve: (events: Pulled<O>) => void; reject: (error: unknown) => void } | undefined
  #isReading = false
  #isTicking = false
  #late: ((events: readonly O[]) => void) | undefined
  #end: { readonly failure?: { readonly error: unknown } } | undefined

  constructor(source: AsyncIterable<O>) {
    this.#source = source
  }

  pull(count: number): Promise<Pulled<O>> {
    this.#wanted = count
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      if (this.#end !== undefined || this.#events.length >= count) return this.#settle()
      if (this.#events.length > 0) this.#soon()
      this.#read()
    })
  }

  async close(late: (events: readonly O[]) => void): Promise<readonly O[]> {
    const wasReading = this.#isReading
    this.#late = late
    if (this.#end === undefined) {
      this.#end = {}
      this.#settle()
      const returned = this.#iterator?.return?.()
      // Some answer only after the read that is pending, which may never end; a stream ends it when it is destroyed.
      if (!wasReading) await returned
      else returned?.catch(() => {})
      if (wasReading && 'destroy' in this.#source && typeof this.#source.destroy === 'function') this.#source.destroy()
    }
    return this.#events.splice(0)
  }

  #read(): void {
    if (this.#isReading || this.#end !== undefined) return
    this.#isReading = true
    try {
      this.#iterator ??= this.#source[Symbol.asyncIterator]()
      this.#iterator.next().then(this.#came, this.#failed)
    } catch (error) {
      this.#failed(error)
    }
  }

  readonly #came = ({ done, value }: IteratorResult<O, unknown>): void => {
    this.#isReading = false
    if (this.#end !== undefined) return done === true ? undefined : this.#late?.([value])
    if (done === true) {
      this.#end = {}
      return this.#settle()
    }
    this.#events.push(value)
    if (this.#waiting === undefined) return
    if (this.#events.length >= this.#wanted) return this.#settle()
    this.#soon()
    this.#read()
  }

  readonly #failed = (error: unknown): void => {
    this.#isReading = false
    if (this.#end !== undefined) return
    this.#end = { failure: { error } }
    this.#settle()
  }

  /** Runs when no microtask is left, so a source that has events ready has given them by then. */
  #soon(): void {
    if (this.#isTicking) return
    this.#isTicking = true
    process.nextTick(() => {
      this.#isTicking = false
      if (this.#events.length > 0) this.#settle()
    })
  }

  #settle(): void {
    const waiting = this.#waiting
    if (waiting === undefined) return
    this.#waiting = undefined
    const events = this.#events
    this.#events = []
    if (events.length > 0) return waiting.resolve(events)
    const failure = this.#end?.failure
    // Told once; whoever asks again gets the end.
    this.#end = {}
    if (failure === undefined) waiting.resolve(null)
    else waiting.reject(failure.error)
  }
}
