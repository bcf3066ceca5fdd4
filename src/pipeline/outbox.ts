// What one epoch of a processor has sent: kept until it is acknowledged, so that it can be sent again. Outputs have positions here,
// counted from 1 since the epoch began; a nack goes back to a position.
import { Deque } from '../deque.ts'
import type { WriteItem } from './types.ts'

/** One call of `write`. */
export interface Flight<O> {
  /** The position of its first output. */
  readonly start: number
  /** A nack takes the end of it back, or all. */
  items: readonly WriteItem<O>[]
  readonly at: number
  /** Of the first so many the writer has told. */
  acked: number
  isSettled: boolean
  /** Places at the writer that it still occupies. */
  held: number
}

export class Outbox<O> {
  /** The position of the last output that is sent, and of the last that is acknowledged. */
  sent = 0
  acked = 0
  /** Of these, outputs that the writer never took. */
  dropped = 0
  #flights = new Deque<Flight<O>>()
  readonly #again = new Deque<WriteItem<O>>()
  readonly #isUnorderedWithin: boolean

  constructor(isUnorderedWithin: boolean) {
    this.#isUnorderedWithin = isUnorderedWithin
  }

  /** Outputs to be sent again, before any new one. */
  get again(): number {
    return this.#again.length
  }

  get oldest(): Flight<O> | undefined {
    return this.#flights.peek()
  }

  send(items: readonly WriteItem<O>[], at: number): Flight<O> {
    const flight: Flight<O> = {
      start: this.sent + 1,
      items,
      at,
      acked: 0,
      isSettled: false,
      held: items.length,
    }
    this.sent += items.length
    this.#flights.push(flight)
    return flight
  }

  /** Up to `max` outputs that go once more; with `ofOne` those of a single event. */
  takeAgain(max: number, ofOne: boolean): WriteItem<O>[] {
    const items: WriteItem<O>[] = []
    for (let next = this.#again.peek(); next !== undefined && items.length < max; next = this.#again.peek()) {
      if (ofOne && items.length > 0 && next.sequence !== items[0]?.sequence) break
      items.push(next)
      this.#again.shift()
    }
    return items
  }

  /** Takes flights out that are over, in order. Gives how many outputs more are acknowledged. */
  advance(): number {
    const before = this.acked
    for (let first = this.#flights.peek(); first !== undefined; first = this.#flights.peek()) {
      if (first.isSettled) first.acked = first.items.length
      this.acked = first.start - 1 + first.acked
      if (first.acked < first.items.length) break
      this.#flights.shift()
    }
    return this.acked - before
  }

  /** Marks everything up to an output, or to the end of a sequence. Calls `told` with each flight and how many of it are new. */
  mark(sequence: number, index: number, told: (flight: Flight<O>, count: number) => void): void {
    for (let first = this.#flights.peek(); first !== undefined; first = this.#flights.peek()) {
      let { acked } = first
      for (
        let item = first.items[acked];
        item !== undefined && isUpTo(item, sequence, index);
        item = first.items[acked]
      ) {
        acked += 1
      }
      // One that a nack has cut may be over already.
      if (acked === first.acked && acked < first.items.length) return
      const count = acked - first.acked
      first.acked = acked
      this.acked = first.start - 1 + acked
      told(first, count)
      if (acked < first.items.length) return
      this.#flights.shift()
    }
  }

  /** The position of an output that is sent and not acknowledged; -1 for any other. */
  find(sequence: number, index: number): number {
    let found = -1
    this.#each(({ start, items, acked }) => {
      const at = items.findIndex((item, i) => i >= acked && item.sequence === sequence && item.index === index)
      if (at >= 0) found = start + at
    })
    return found
  }

  /**
   * Everything from this position on is to be sent again. Calls `taken` with each flight that loses outputs by it, and how many. Gives how many
   * outputs need not go again: those of the same event that were acknowledged, if their order among each other doesn't matter.
   */
  back(position: number, taken: (flight: Flight<O>, count: number) => void): number {
    const again: WriteItem<O>[] = []
    const flights = this.#flights.drain()
    let spared = 0
    let event: number | undefined
    for (const flight of flights) {
      const from = Math.max(0, position - flight.start)
      const lost = flight.items.slice(from)
      event ??= lost[0]?.sequence
      if (this.#mayStay(flight, event, position)) spared += lost.length
      else for (const item of lost) again.push(item)
      flight.items = flight.items.slice(0, from)
      if (from > 0) this.#flights.push(flight)
      if (lost.length > 0) taken(flight, lost.length)
    }
    for (const item of again.reverse()) this.#again.unshift(item)
    // What is left of one that was cut may be over.
    this.advance()
    this.sent = position - 1 + spared
    if (spared > 0) this.acked = this.sent
    return spared
  }

  /** The next ones that are to go again; they stay. */
  lookAgain(count: number): readonly WriteItem<O>[] {
    const items = this.takeAgain(count, false)
    for (let at = items.length - 1; at >= 0; at--) this.#again.unshift(items[at] as WriteItem<O>)
    return items
  }

  /** Gives up the next `count` outputs that were to go again: nobody waits for them any more. Nothing else is under way. */
  drop(count: number): WriteItem<O>[] {
    const items = this.takeAgain(count, false)
    this.sent += items.length
    this.acked = this.sent
    this.dropped += items.length
    return items
  }

  #mayStay(flight: Flight<O>, event: number | undefined, position: number): boolean {
    if (!this.#isUnorderedWithin || !flight.isSettled || this.acked !== position - 1) return false
    return flight.items.every(({ sequence }) => sequence === event)
  }

  #each(visit: (flight: Flight<O>) => void): void {
    const flights = this.#flights.drain()
    for (const flight of flights) {
      this.#flights.push(flight)
      visit(flight)
    }
  }
}

function isUpTo(item: WriteItem<unknown>, sequence: number, index: number): boolean {
  return item.sequence < sequence || (item.sequence === sequence && item.index <= index)
}
