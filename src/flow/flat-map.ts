// `flatMap`: for each value any number of values. `concurrency` callbacks or what they gave are under way at once; in order, the values of
// the first go before those of the next.
import { turn } from '../turn.ts'
import type { Callback } from './call-step.ts'
import { Context } from './context.ts'
import { Edge } from './edge.ts'
import { Lane, type LaneOwner } from './lane.ts'
import { allOf } from './outcome.ts'
import { END, NOTHING, Step, type Failure, type Pulled } from './step.ts'

export class FlatMapStep<T, U> extends Step<U> implements LaneOwner {
  readonly #before: Step<T>
  readonly #callback: Callback<T>
  readonly #concurrency: number
  readonly #isOrdered: boolean
  readonly #context = new Context()
  readonly #lanes: Lane<U>[] = []
  #isDry = false
  // Where the next look begins, so that no lane is served before all others for ever.
  #turn = 0

  constructor(before: Step<T>, callback: Callback<T>, name: string, concurrency: number, isOrdered: boolean) {
    super(before, new Edge(name, 0))
    this.#before = before
    this.#callback = callback
    this.#concurrency = concurrency
    this.#isOrdered = isOrdered
  }

  override pull(): Pulled<U> {
    for (;;) {
      if (this.isStopped) return this.end()
      const value = this.#take()
      if (value !== NOTHING) {
        this.edge.total += 1
        return value
      }
      if (this.#isFull || !this.#open()) {
        return this.#isDry && this.#lanes.length === 0 ? this.end() : this.nothing()
      }
      if (!turn.tick()) {
        turn.defer(() => this.notify(), undefined)
        return this.nothing()
      }
    }
  }

  /** The reader is busy: callbacks may be begun, and what they give is asked for its first value. */
  override ahead(): void {
    while (!this.isStopped && !this.#isFull && this.#open());
    if (this.#isFull) this.#before.ahead()
  }

  override wake(): void {
    if (this.isAwaited) this.notify()
    else this.ahead()
  }

  ready(): void {
    this.notify()
  }

  fail(error: unknown): void {
    // What is told to end because nobody wants more may do so by an error.
    if (!this.isStopped) this.run.fail(error)
  }

  override stop(failure: Failure | undefined): void {
    if (this.isStopped) return
    super.stop(failure)
    if (!this.hasEnded) this.#context.abort(failure?.error)
  }

  protected override async quiet(): Promise<void> {
    await allOf(this.#lanes.map(lane => lane.leave()))
  }

  get #isFull(): boolean {
    return this.#lanes.length >= this.#concurrency
  }

  /** Begins with the next value; false if there is none now. */
  #open(): boolean {
    if (this.#isDry) return false
    const value = this.#before.pull()
    if (value === NOTHING) return false
    if (value === END) {
      this.#isDry = true
      return false
    }
    try {
      this.#lanes.push(new Lane<U>(this, this.#callback(value, this.#context)))
    } catch (error) {
      this.run.fail(error)
    }
    return true
  }

  #take(): U | typeof NOTHING {
    const lanes = this.#lanes
    for (let looked = 0; looked < lanes.length && (looked === 0 || !this.#isOrdered);) {
      const index = this.#isOrdered ? 0 : (this.#turn + looked) % lanes.length
      const value = this.#takeFrom(lanes[index] as Lane<U>)
      if (value === END) {
        lanes.splice(index, 1)
        continue
      }
      if (value !== NOTHING) {
        this.#turn = index + 1
        return value
      }
      looked += 1
    }
    return NOTHING
  }

  #takeFrom(lane: Lane<U>): Pulled<U> {
    try {
      return lane.take()
    } catch (error) {
      this.run.fail(error)
      return NOTHING
    }
  }
}
