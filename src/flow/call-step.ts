// A step that calls back for each value: how many callbacks run, in which order their values go on, and how far they may be ahead.
// At most `concurrency` run, and together with the values that are ready they are never more than `concurrency + capacity`.
import { turn } from '../turn.ts'
import { Context, type FlowContext } from './context.ts'
import { Edge } from './edge.ts'
import { isLater, whenSettled } from './outcome.ts'
import { END, NOTHING, Step, type Failure, type Pulled } from './step.ts'

/** What a callback gave that has no value for the next step. */
export const DROPPED: unique symbol = Symbol('dropped')

export type Callback<T> = (value: T, context: FlowContext) => unknown

export interface CallSettings {
  readonly name: string
  readonly concurrency: number
  readonly isOrdered: boolean
  readonly capacity: number
}

/** A place in the line of values that are under way, in the order in which they go on. */
class Place<U> {
  before: Place<U> | undefined = undefined
  after: Place<U> | undefined = undefined
  isReady = false
  value: U | undefined = undefined
}

export abstract class CallStep<T, U> extends Step<U> {
  protected readonly context: Context = new Context()
  readonly #before: Step<T>
  readonly #callback: Callback<T>
  readonly #concurrency: number
  readonly #capacity: number
  readonly #isOrdered: boolean
  // Values that are ready, in the order in which they go on, and with `ordered` the places of those that are not.
  #first: Place<U> | undefined
  #last: Place<U> | undefined
  #running = 0
  #isDry = false
  // Something was taken out of the steps before since they were last told to go ahead.
  #hasNews = false
  // The last callback gave a promise. One that gives its value at once holds none back while it waits for room.
  #isLate = true
  // What the only callback that runs was called with.
  #current: T | undefined
  #onQuiet: (() => void) | undefined

  constructor(before: Step<T>, callback: Callback<T>, settings: CallSettings) {
    super(before, new Edge(settings.name, settings.capacity))
    this.#before = before
    this.#callback = callback
    this.#concurrency = settings.concurrency
    this.#capacity = settings.capacity
    this.#isOrdered = settings.isOrdered && settings.concurrency > 1
  }

  /** What goes on for a value whose callback gave this. */
  protected abstract outcomeOf(value: T, given: unknown): U | typeof DROPPED

  override pull(): Pulled<U> {
    if (this.#first === undefined && this.#running === 0) return this.#pullThrough()
    const ready = this.#takeReady()
    if (ready === NOTHING) return this.isStopped || this.#isDone ? this.end() : this.nothing()
    if (this.#isLate) this.#fill()
    return ready
  }

  override ahead(): void {
    this.#fill()
  }

  override wake(): void {
    this.#resume()
  }

  override stop(failure: Failure | undefined): void {
    if (this.isStopped) return
    super.stop(failure)
    if (!this.hasEnded) this.context.abort(failure?.error)
  }

  protected override quiet(): Promise<void> {
    if (this.#running === 0) return Promise.resolve()
    return new Promise(resolve => {
      this.#onQuiet = resolve
    })
  }

  protected override discard(): void {
    this.#first = undefined
    this.#last = undefined
    this.edge.discard()
  }

  /** Nothing is under way: as long as callbacks give their values at once, these go right through. */
  #pullThrough(): Pulled<U> {
    while (!this.isStopped && !this.#isDry) {
      const value = this.#before.pull()
      if (value === NOTHING) return this.nothing()
      if (value === END) break
      this.#hasNews = true
      let given: unknown
      try {
        given = this.#callback(value, this.context)
      } catch (error) {
        this.run.fail(error)
        break
      }
      if (isLater(given)) {
        this.#launch(value, given)
        this.#fill()
        const ready = this.#takeReady()
        if (ready !== NOTHING) return ready
        return this.isStopped ? this.end() : this.nothing()
      }
      this.#isLate = false
      const outcome = this.outcomeOf(value, given)
      if (outcome !== DROPPED) {
        this.edge.total += 1
        return outcome
      }
      if (!turn.tick()) {
        turn.defer(this.#resume, undefined)
        return this.nothing()
      }
    }
    this.#isDry = true
    return this.end()
  }

  /** Begins as much as may be under way; when no more may be, the steps before are told to go ahead. */
  #fill(): void {
    while (!this.isStopped && !this.#isDry) {
      if (this.#isFull) {
        if (this.#hasNews) this.#before.ahead()
        this.#hasNews = false
        return
      }
      this.#hasNews = true
      const value = this.#before.pull()
      if (value === NOTHING) return
      if (value === END) {
        this.#isDry = true
        return
      }
      try {
        const given = this.#callback(value, this.context)
        if (isLater(given)) {
          this.#launch(value, given)
        } else {
          this.#isLate = false
          this.#keep(this.outcomeOf(value, given), undefined)
        }
      } catch (error) {
        return this.run.fail(error)
      }
      if (!turn.tick()) return turn.defer(this.#resume, undefined)
    }
  }

  get #isFull(): boolean {
    const { held } = this.edge
    if (this.#running >= this.#concurrency) return true
    return this.#running + held >= (this.#isLate ? this.#concurrency : 0) + this.#capacity
  }

  readonly #resume = (): void => {
    if (this.#first !== undefined || this.#running > 0 || !this.isAwaited) this.#fill()
    if (this.#first === undefined ? this.#running === 0 : this.#first.isReady) this.notify()
  }

  #launch(value: T, given: PromiseLike<unknown>): void {
    this.#isLate = true
    this.#running += 1
    if (this.#concurrency === 1) {
      this.#current = value
      return whenSettled(given, this.#onlyOneDone, this.#failed)
    }
    const place = this.#isOrdered ? this.#append(new Place<U>()) : undefined
    whenSettled(
      given,
      result => {
        this.#running -= 1
        this.#keep(this.outcomeOf(value, result), place)
        this.#goOn()
      },
      this.#failed,
    )
  }

  readonly #onlyOneDone = (result: unknown): void => {
    const value = this.#current as T
    this.#current = undefined
    this.#running -= 1
    this.#keep(this.outcomeOf(value, result), undefined)
    this.#goOn()
  }

  readonly #failed = (error: unknown): void => {
    this.#running -= 1
    // One that is told to end because nobody wants more may do so by an error.
    if (!this.isStopped) this.run.fail(error)
    this.#goOn()
  }

  /** A callback has given its value; `place` if one was kept for it. What goes on nowhere leaves no trace. */
  #keep(outcome: U | typeof DROPPED, place: Place<U> | undefined): void {
    if (this.isStopped) return
    if (outcome === DROPPED) {
      if (place !== undefined) this.#remove(place)
      return
    }
    const ready = place ?? this.#append(new Place<U>())
    ready.value = outcome
    ready.isReady = true
    this.edge.enter()
  }

  /** A callback has ended. */
  #goOn(): void {
    if (!this.isStopped) this.#resume()
    else if (this.#running === 0) this.#onQuiet?.()
  }

  get #isDone(): boolean {
    return this.#isDry && this.#first === undefined && this.#running === 0
  }

  #takeReady(): U | typeof NOTHING {
    const place = this.#first
    if (place?.isReady !== true) return NOTHING
    this.#remove(place)
    this.edge.leave()
    return place.value as U
  }

  #append(place: Place<U>): Place<U> {
    place.before = this.#last
    if (this.#last === undefined) this.#first = place
    else this.#last.after = place
    this.#last = place
    return place
  }

  #remove(place: Place<U>): void {
    const { before, after } = place
    if (before === undefined) this.#first = after
    else before.after = after
    if (after === undefined) this.#last = before
    else after.before = before
  }
}
