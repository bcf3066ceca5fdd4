// Handles events batch by batch, never two at once: no more in one than between maxDemand and minDemand, and none of two deliveries, so that
// what was asked for sets the size.
import { schedule, type Task } from './agenda.ts'
import type { Link } from './link.ts'
import { isThenable } from './origins/index.ts'
import type { Ending } from './stage-errors.ts'
import { Line, type Delivery, type Entry, type Work } from './work.ts'

export interface BatchUser<I> {
  /** Whether it goes on with the next delivery before others get their turn. */
  readonly isGreedy: boolean
  /** Whether the next delivery, or the next batch of this one, may be handled now. It is woken when that changes. */
  mayHandle(isNewDelivery: boolean): boolean
  handle(events: readonly I[]): unknown
  /** What `handle` gave, or what its promise gave. The user calls `done()` when the next one may come. */
  accept(outcome: unknown): void
  failed(error: unknown): void
  over(link: Link<I>, ending: Ending): void
  /** Nothing waits or runs. */
  idle(): void
}

export class BatchWork<I> implements Work<I>, Task {
  isScheduled = false
  handled = 0
  readonly #user: BatchUser<I>
  readonly #line = new Line<I>()
  #isInStep = false
  #running: { readonly delivery: Delivery<I>; readonly count: number } | undefined

  constructor(user: BatchUser<I>) {
    this.#user = user
  }

  get isIdle(): boolean {
    return this.#running === undefined && this.#line.first === undefined
  }

  /** Events that wait or run. */
  get events(): number {
    return this.#line.events
  }

  add(entry: Entry<I>): void {
    this.#line.add(entry)
    this.wake()
  }

  wake(): void {
    if (this.#running === undefined && !this.#isInStep) schedule(this)
  }

  drop(): number {
    return this.#line.drop()
  }

  /** All batches of a delivery, one after the other, unless a handler waits; and with a user that is greedy all deliveries. */
  run(): void {
    if (this.#running !== undefined) return
    this.#isInStep = true
    while (this.#step());
    this.#isInStep = false
  }

  /** The batch is handled, and what it gave is on its way. */
  done(): void {
    const running = this.#running
    if (running === undefined) return
    this.#running = undefined
    const { delivery, count } = running
    this.handled += count
    delivery.at += count
    if (delivery.at >= delivery.events.length && this.#line.first === delivery) this.#line.shift()
    delivery.link.handled(count)
    this.wake()
  }

  /** Whether it goes on at once. */
  #step(): boolean {
    const entry = this.#line.first
    if (entry === undefined) {
      this.#user.idle()
      return false
    }
    if ('reached' in entry) {
      this.#line.shift()
      entry.reached()
      return true
    }
    if ('ending' in entry) {
      this.#line.shift()
      this.#user.over(entry.link, entry.ending)
      return true
    }
    if (!this.#user.mayHandle(entry.at === 0)) return false
    this.#handle(entry)
    if (this.#running !== undefined) return false
    if (this.#user.isGreedy || this.#line.first === entry) return true
    schedule(this)
    return false
  }

  #handle(delivery: Delivery<I>): void {
    const { link, events, at } = delivery
    const { isManual, maxDemand, minDemand } = link.settings
    const count = isManual ? events.length : Math.min(events.length - at, maxDemand - minDemand)
    this.#running = { delivery, count }
    try {
      const outcome = this.#user.handle(count === events.length ? events : events.slice(at, at + count))
      if (isThenable(outcome)) outcome.then(this.#accept, this.#fail)
      else this.#accept(outcome)
    } catch (error) {
      this.#fail(error)
    }
  }

  readonly #accept = (outcome: unknown): void => {
    try {
      this.#user.accept(outcome)
    } catch (error) {
      this.#fail(error)
    }
  }

  readonly #fail = (error: unknown): void => {
    this.#running = undefined
    this.#user.failed(error)
    this.wake()
  }
}
