// What one callback of `flatMap` gives, value by value: an array, a generator or an async iterable, at once or later. It asks no further
// ahead than one value.
import { invalidOption } from '../errors.ts'
import { isLater, whenSettled } from './outcome.ts'
import { END, NOTHING, type Pulled } from './step.ts'

/** What a lane tells its step. */
export interface LaneOwner {
  /** It has something, or has ended. */
  ready(): void
  fail(error: unknown): void
}

export class Lane<U> {
  readonly #owner: LaneOwner
  #values: Iterator<U> | undefined
  #later: AsyncIterator<U> | undefined
  #value: U | typeof NOTHING = NOTHING
  #pending = 0
  #isOver = false
  #onQuiet: (() => void) | undefined

  constructor(owner: LaneOwner, given: unknown) {
    this.#owner = owner
    if (isLater(given)) this.#wait(given, many => this.#open(many))
    else this.#open(given)
  }

  /** The next value; NOTHING: the owner will be told. */
  take(): Pulled<U> {
    if (this.#values !== undefined) return this.#next(this.#values)
    const value = this.#value
    if (value === NOTHING) return this.#isOver ? END : NOTHING
    this.#value = NOTHING
    if (this.#later !== undefined) this.#ask(this.#later)
    return value
  }

  /** Fulfils when nothing of it is under way. */
  async leave(): Promise<void> {
    if (!this.#isOver) {
      this.#isOver = true
      this.#values?.return?.()
      await this.#later?.return?.()
    }
    if (this.#pending === 0) return
    await new Promise<void>(resolve => {
      this.#onQuiet = resolve
    })
  }

  #open(many: unknown): void {
    if (this.#isOver) return
    if (Array.isArray(many)) this.#values = (many as U[])[Symbol.iterator]()
    else if (has(many, Symbol.asyncIterator)) {
      this.#later = (many as unknown as AsyncIterable<U>)[Symbol.asyncIterator]()
      this.#ask(this.#later)
    } else if (has(many, Symbol.iterator) && !ArrayBuffer.isView(many))
      this.#values = (many as unknown as Iterable<U>)[Symbol.iterator]()
    else throw invalidOption('fn', 'a function that gives an array, a generator or an async iterable', many)
  }

  #next(values: Iterator<U>): Pulled<U> {
    const step = values.next()
    if (step.done !== true) return step.value
    this.#isOver = true
    this.#values = undefined
    return END
  }

  #ask(later: AsyncIterator<U>): void {
    this.#wait(later.next(), step => {
      if (step.done === true) this.#isOver = true
      else this.#value = step.value
    })
  }

  #wait<V>(given: PromiseLike<V>, then: (value: V) => void): void {
    this.#pending += 1
    const settled = (act: () => void): void => {
      this.#pending -= 1
      if (!this.#isOver) act()
      if (this.#pending === 0) this.#onQuiet?.()
    }
    whenSettled(
      given,
      value => settled(() => this.#attempt(() => then(value))),
      (error: unknown) => settled(() => this.#failed(error)),
    )
  }

  #attempt(act: () => void): void {
    try {
      act()
    } catch (error) {
      return this.#failed(error)
    }
    this.#owner.ready()
  }

  #failed(error: unknown): void {
    this.#isOver = true
    this.#owner.fail(error)
  }
}

function has(value: unknown, method: symbol): value is object {
  return typeof value === 'object' && value !== null && typeof (value as Record<symbol, unknown>)[method] === 'function'
}
