// What a stage does with the events that come: the seam between an inlet and its two kinds of work, and the line they wait in.
import type { Link } from './link.ts'
import type { Ending } from './stage-errors.ts'

/** Events of one delivery, of which those before `at` are handled. */
export interface Delivery<I> {
  readonly link: Link<I>
  readonly events: readonly I[]
  at: number
}

/** Nothing comes from that link after it. */
export interface LinkEnd<I> {
  readonly link: Link<I>
  readonly ending: Ending
}

/** Whoever waits for all before it to be handled. */
export interface Mark {
  readonly reached: () => void
}

export type Entry<I> = Delivery<I> | LinkEnd<I> | Mark

export interface Work<I> {
  /** Only takes note. */
  add(entry: Entry<I>): void
  /** Nothing waits, and nothing runs. */
  readonly isIdle: boolean
  /** Forgets the events that wait; gives how many. */
  drop(): number
}

/** Entries, first in, first out. */
export class Line<I> {
  #entries: Entry<I>[] = []
  #first = 0

  get first(): Entry<I> | undefined {
    return this.#entries[this.#first]
  }

  /** Events that wait. */
  get events(): number {
    let count = 0
    for (let i = this.#first; i < this.#entries.length; i++) {
      const entry = this.#entries[i] as Entry<I>
      if ('events' in entry) count += entry.events.length - entry.at
    }
    return count
  }

  add(entry: Entry<I>): void {
    this.#entries.push(entry)
  }

  shift(): void {
    this.#first += 1
    if (this.#first < 32 && this.#first < this.#entries.length) return
    this.#entries = this.#entries.slice(this.#first)
    this.#first = 0
  }

  /** Leaves only the ends of links, and marks. Gives how many events went. */
  drop(): number {
    const count = this.events
    this.#entries = this.#entries.slice(this.#first).filter(entry => !('events' in entry))
    this.#first = 0
    return count
  }
}
