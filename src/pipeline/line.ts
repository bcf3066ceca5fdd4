// The events that a processor has taken and not finished, oldest first, and what follows from them: what may leave next, and up to
// which event everything is done.
import { Deque } from '../deque.ts'
import type { LookAhead } from './look-ahead.ts'
import type { Sequence } from './sequence.ts'
import type { WriteItem } from './types.ts'

export class Line<I, O> {
  /** The last event taken, whether anything had to be done for it or not. */
  claimed: number
  // An event leaves the first for the second when all its outputs are sent, and that when they are acknowledged.
  readonly #unsent = new Deque<Sequence<I, O>>()
  readonly #sent = new Deque<Sequence<I, O>>()
  readonly #budget: LookAhead<O>

  /** Everything before `from` is done. */
  constructor(from: number, budget: LookAhead<O>) {
    this.claimed = from - 1
    this.#budget = budget
  }

  /** The oldest event whose outputs are not all sent. */
  get head(): Sequence<I, O> | undefined {
    return this.#unsent.peek()
  }

  /** The oldest event that is not done with. */
  get first(): Sequence<I, O> | undefined {
    return this.#sent.peek() ?? this.#unsent.peek()
  }

  /** Events that are not wholly sent. */
  get unsent(): number {
    return this.#unsent.length
  }

  /** The watermarks of metrics: all events up to there are sent, or done. */
  get sentThrough(): number {
    return this.#before(this.head)
  }

  get doneThrough(): number {
    return this.#before(this.first)
  }

  /** Outputs that may leave now, if only those of the oldest event count. */
  get sendable(): number {
    return this.head?.sendable ?? 0
  }

  add(sequence: Sequence<I, O>): void {
    this.#unsent.push(sequence)
  }

  /** Up to `max` outputs in order. */
  take(max: number): WriteItem<O>[] {
    const items: WriteItem<O>[] = []
    for (let head = this.head; head !== undefined && items.length < max; head = this.head) {
      for (let left = Math.min(head.sendable, max - items.length); left > 0; left--) {
        this.#budget.remove(1, head.takeSize())
        items.push(head.take())
      }
      if (!head.isSent) break
      this.settle()
    }
    return items
  }

  /** The oldest outputs that were sent and not acknowledged are so now. */
  acknowledge(count: number): void {
    let left = count
    for (let first = this.first; first !== undefined && left > 0; first = this.first) {
      const some = Math.min(left, first.sent - first.acked)
      first.acked += some
      left -= some
      if (!first.isDone) break
      this.settle()
    }
  }

  /** Events may have ended, or turned out to have no outputs. */
  settle(): void {
    for (let head = this.head; head?.isSent === true; head = this.head)
      this.#sent.push(this.#unsent.shift() as typeof head)
    while (this.#sent.peek()?.isDone === true) this.#sent.shift()
  }

  #before(sequence: Sequence<I, O> | undefined): number {
    return sequence === undefined ? this.claimed : sequence.number - 1
  }
}
