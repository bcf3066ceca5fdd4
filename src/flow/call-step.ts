// A step that calls back for each value: how many callbacks run, in which order their values go on, and how far they may be ahead.
// At most `concurrency` run, and together with the values that are ready they are never more than `concurrency + capacity`.
import { turn } from '../turn.ts'
import { Context, type FlowContext } from './context.ts'
import { Edge } from './edge.ts'
import { isLater, whenSettled } from './outcome.ts'
import { END, NOTHING, Step, type Failure, type Pulled } from './step.ts'

/** What a callback gave that has no value for the next step. */
export const DROPPED: unique symbol = Symbol('dropped')
/** The callback threw, which the run has been told. */
const FAILED = Symbol('failed')

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
  readonly #window: number
  readonly #isOrdered: boolean
  #first: Place<U> | undefined
  #last: Place<U> | undefined
  #running = 0
  #isDry = false
  #onQuiet: (() => void) | undefined

  constructor(before: Step<T>, callback: Callback<T>, settings: CallSettings) {
    super(before, new Edge(settings.name, settings.capacity))
    this.#before = before
    this.#callback = callback
    this.#concurrency = settings.concurrency
    this.#window = settings.concurrency + settings.capacity
    this.#isOrdered = settings.isOrdered
  }

  /** What goes on for a value whose callback gave this. */
  protected abstract outcomeOf(value: T, given: unknown): U | typeof DROPPED

  override pull(): Pulled<U> {
    if (this.#first === undefined && this.#running === 0) return this.#pullThrough()
    const ready = this.#takeReady()
    if (ready === NOTHING) return this.isStopped || this.#isDone ? this.end() : this.nothing()
    this.#fill()
    return ready
  }

  override ahead(): void {
    this.#fill()
  }

  override wake(): void {
    const isIdle = this.#first === undefined && this.#running === 0
    if (!isIdle || !this.isAwaited) this.#fill()
    if (isIdle || this.#hasReady || this.#isDone) this.notify()
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

  /** Nothing is under way: as long as callbacks give their values at once, these go right through. */
  #pullThrough(): Pulled<U> {
    for (;;) {
      if (this.isStopped || this.#isDry) return this.end()
      const value = this.#before.pull()
      if (value === NOTHING) return this.nothing()
      if (value === END) {
        this.#isDry = true
        continue
      }
      const given = this.#call(value)
      if (given === FAILED) return this.end()
      if (isLater(given)) {
        this.#launch(value, given)
        this.#fill()
        const ready = this.#takeReady()
        return ready === NOTHING ? this.nothing() : ready
      }
      const outcome = this.outcomeOf(value, given)
      if (outcome !== DROPPED) {
        this.edge.total += 1
        return outcome
      }
      if (!turn.tick()) {
        turn.defer(() => this.notify(), undefined)
        return this.nothing()
      }
    }
  }

  /** Begins as much as may be under way. */
  #fill(): void {
    while (!this.isStopped && !this.#isDry) {
      if (this.#running >= this.#concurrency || this.#running + this.edge.held >= this.#window) {
        return this.#before.ahead()
      }
      const value = this.#before.pull()
      if (value === NOTHING) return
      if (value === END) {
        this.#isDry = true
        return
      }
      const given = this.#call(value)
      if (given === FAILED) return
      if (isLater(given)) this.#launch(value, given)
      else this.#keep(this.outcomeOf(value, given), undefined)
      if (!turn.tick()) return turn.defer(this.#resume, undefined)
    }
  }

  readonly #resume = (): void => {
    this.#fill()
    if (this.#hasReady || this.#isDone) this.notify()
  }

  #call(value: T): unknown {
    try {
      return this.#callback(value, this.context)
    } catch (error) {
      this.run.fail(error)
      return FAILED
    }
  }

  #launch(value: T, given: PromiseLike<unknown>): void {
    const place = new Place<U>()
    if (this.#isOrdered) this.#append(place)
    this.#running += 1
    whenSettled(
      given,
      result => {
        this.#running -= 1
        this.#keep(this.outcomeOf(value, result), place)
        this.#goOn()
      },
      error => {
        this.#running -= 1
        this.run.fail(error)
        this.#goOn()
      },
    )
  }

  /** A callback has given its value; `place` if it was under way. What goes on nowhere leaves no trace. */
  #keep(outcome: U | typeof DROPPED, place: Place<U> | undefined): void {
    if (this.isStopped) return
    const isInLine = place !== undefined && this.#isOrdered
    if (outcome === DROPPED) {
      if (isInLine) this.#remove(place)
      return
    }
    const ready = place ?? new Place<U>()
    ready.value = outcome
    ready.isReady = true
    if (!isInLine) this.#append(ready)
    this.edge.enter()
  }

  /** A callback has ended. */
  #goOn(): void {
    if (!this.isStopped) this.#resume()
    else if (this.#running === 0) this.#onQuiet?.()
  }

  get #hasReady(): boolean {
    return this.#first?.isReady === true
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

  #append(place: Place<U>): void {
    place.before = this.#last
    if (this.#last === undefined) this.#first = place
    else this.#last.after = place
    this.#last = place
  }

  #remove(place: Place<U>): void {
    const { before, after } = place
    if (before === undefined) this.#first = after
    else before.after = after
    if (after === undefined) this.#last = before
    else after.before = before
  }
}
