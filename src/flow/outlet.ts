// The values of a step as an async iterator, for whoever can't pull. Hand-written, so that leaving answers at once while a `next()` is parked.
import { HandIterator } from '../iterator.ts'
import { turn } from '../turn.ts'
import { END, NOTHING, type Reader, type Step } from './step.ts'

export type Given<T> = IteratorResult<T, undefined>

const OVER: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined })

interface Parked<T> {
  readonly resolve: (result: Given<T> | Promise<Given<T>>) => void
  readonly reject: (error: unknown) => void
}

export abstract class Outlet<T> extends HandIterator<T> implements Reader {
  protected readonly step: Step<T>
  /** Values that were handed out. */
  given = 0
  protected isDone = false
  #parked: Parked<T>[] = []
  // Promises that settle in the next turn.
  #owed = 0
  #isLooking = false

  constructor(step: Step<T>) {
    super()
    this.step = step
  }

  /** The step gave its end: fulfils when all of it is over, and rejects if that was a failure. */
  protected abstract over(): Promise<void>
  /** The consumer wants no more. */
  protected abstract leave(): Promise<void>

  /** The next value if it is there. */
  tryNext(): Given<T> | undefined {
    if (this.isDone || this.#parked.length > 0) return undefined
    const value = this.step.pull()
    // The end may be a failure, for which a promise is needed.
    if (value === NOTHING || value === END) return undefined
    this.given += 1
    return { done: false, value }
  }

  override next(): Promise<Given<T>> {
    if (this.isDone) return Promise.resolve(OVER)
    if (this.#parked.length === 0) {
      const value = this.step.pull()
      // What happened meanwhile may have ended it.
      if (value === END || this.isDone) return this.#finish()
      if (value !== NOTHING) {
        const step: Given<T> = { done: false, value }
        if (!turn.tick()) return new Promise(resolve => this.#giveLater(resolve, step))
        this.#given()
        return Promise.resolve(step)
      }
    }
    return new Promise((resolve, reject) => {
      this.#parked.push({ resolve, reject })
    })
  }

  override return(): Promise<Given<T>> {
    if (this.isDone) return Promise.resolve(OVER)
    const parked = this.#endParked()
    const left = this.leave()
    if (parked === 0) return left.then(() => OVER)
    left.catch(() => {})
    return Promise.resolve(OVER)
  }

  wake(): void {
    while (this.#parked.length > 0) {
      const value = this.step.pull()
      if (value === NOTHING) return
      const parked = this.#parked.shift()
      if (value === END) return parked?.resolve(this.#finish())
      if (parked === undefined) continue
      if (turn.tick()) this.#give(parked.resolve, { done: false, value })
      else this.#giveLater(parked.resolve, { done: false, value })
    }
  }

  /** The first that waits gets the error, all others the end. */
  protected refuse(error: unknown): void {
    this.#parked.shift()?.reject(error)
    this.#endParked()
  }

  #finish(): Promise<Given<T>> {
    this.#endParked()
    return this.over().then(() => OVER)
  }

  #endParked(): number {
    this.isDone = true
    const parked = this.#parked
    this.#parked = []
    for (const { resolve } of parked) resolve(OVER)
    return parked.length
  }

  #give(resolve: (step: Given<T>) => void, step: Given<T>): void {
    resolve(step)
    this.#given()
  }

  #giveLater(resolve: (step: Given<T>) => void, step: Given<T>): void {
    this.#owed += 1
    turn.defer(() => {
      this.#owed -= 1
      this.#give(resolve, step)
    }, undefined)
  }

  /** When no microtask is left it shows whether the consumer is busy with what it got: then the steps may go on ahead of it. */
  #given(): void {
    this.given += 1
    if (this.#isLooking) return
    this.#isLooking = true
    turn.afterMicrotasks(this.#look)
  }

  readonly #look = (): void => {
    this.#isLooking = false
    if (!this.isDone && this.#parked.length === 0 && this.#owed === 0) this.step.ahead()
  }
}
