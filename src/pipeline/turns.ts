// One writer's places, and whose turn it is to fill them. What is sent is its processors' matter.
import { Deque } from '../deque.ts'

/** One that sends: an epoch of a processor. The fields are the turns'. */
export interface Sender {
  /** What the writer has granted beyond what is sent; undefined if it never did. */
  readonly ownCredit: number | undefined
  /** Whether it has anything that may go now. */
  readonly hasMore: boolean
  send(max: number): void
  /** Places it occupies. */
  held: number
  isQueued: boolean
}

export class Turns {
  readonly #capacity: number
  readonly #maxBatch: number
  readonly #queue = new Deque<Sender>()
  // Those that need no places, for they have credit of their own: they wait for no one.
  readonly #granted = new Deque<Sender>()
  // Those that have places and wait for ones which are kept for others. Who is here counts as queued; without places it has its turn again.
  readonly #aside = new Set<Sender>()
  // All that share the places, and how many of them occupy none.
  readonly #senders = new Set<Sender>()
  #idle = 0
  #held = 0
  #isServing = false

  constructor(capacity: number, maxBatch: number) {
    this.#capacity = capacity
    this.#maxBatch = maxBatch
  }

  join(sender: Sender): void {
    this.#senders.add(sender)
    this.#idle += 1
  }

  /** It sends no more, or by its own credit alone; its places are free. */
  leave(sender: Sender): void {
    if (!this.#senders.delete(sender)) return
    if (sender.held === 0) this.#idle -= 1
    this.#held -= sender.held
    sender.held = 0
    this.#forget(sender)
    this.#serve()
  }

  /** What this one could send now. */
  creditOf(sender: Sender): number {
    if (sender.ownCredit !== undefined) return Math.max(0, sender.ownCredit)
    if (sender.held > 0) return Math.max(0, this.#openBut(this.#idle))
    // It is one of those for whom places are kept.
    const free = this.#capacity - this.#held
    return Math.max(0, Math.min(free, Math.max(1, this.#openBut(this.#idle - 1))))
  }

  /** It has something to send. */
  offer(sender: Sender): void {
    if (!sender.isQueued) this.#enqueue(sender)
    this.#serve()
  }

  took(sender: Sender, count: number): void {
    if (!this.#senders.has(sender) || count === 0) return
    if (sender.held === 0) this.#idle -= 1
    sender.held += count
    this.#held += count
  }

  gaveBack(sender: Sender, count: number): void {
    if (!this.#senders.has(sender) || count === 0) return
    sender.held -= count
    this.#held -= count
    if (sender.held === 0) {
      this.#idle += 1
      if (this.#aside.delete(sender)) this.#queue.push(sender)
    }
    this.#serve()
  }

  #enqueue(sender: Sender): void {
    sender.isQueued = true
    if (sender.ownCredit === undefined) this.#queue.push(sender)
    else this.#granted.push(sender)
  }

  /** It waits for no place any more. */
  #forget(sender: Sender): void {
    this.#aside.delete(sender)
    for (const queue of [this.#queue, this.#granted]) {
      for (const waiting of queue.drain()) if (waiting !== sender) queue.push(waiting)
    }
    sender.isQueued = false
  }

  /** Free places that are not kept for so many senders which occupy none: so one whose outputs are never acknowledged can't keep the others out. */
  #openBut(idle: number): number {
    return this.#capacity - this.#held - Math.min(idle, Math.floor(this.#capacity / 2))
  }

  // A batch at a time; who has more goes to the end of its queue. A call from within a write only changes what the loop finds.
  #serve(): void {
    if (this.#isServing) return
    this.#isServing = true
    try {
      for (;;) {
        const sender = this.#next()
        if (sender !== undefined) this.#let(sender)
        const granted = this.#granted.shift()
        if (granted !== undefined) this.#let(granted)
        if (sender === undefined && granted === undefined) return
      }
    } finally {
      this.#isServing = false
    }
  }

  /** Whose turn it is among those that share the places; nobody's while all are taken. */
  #next(): Sender | undefined {
    if (this.#aside.size > 0 && this.#openBut(this.#idle) > 0) {
      for (const waited of this.#aside) {
        this.#aside.delete(waited)
        this.#queue.push(waited)
        break
      }
    }
    const isFull = this.#held >= this.#capacity
    return isFull && this.#queue.peek()?.hasMore === true ? undefined : this.#queue.shift()
  }

  #let(sender: Sender): void {
    const max = sender.hasMore ? Math.min(this.creditOf(sender), this.#maxBatch) : 0
    if (max > 0) sender.send(max)
    sender.isQueued = false
    if (!sender.hasMore) return
    if (this.creditOf(sender) > 0) return this.#enqueue(sender)
    // A grant brings back who has credit of its own.
    if (sender.ownCredit !== undefined) return
    if (sender.held === 0) return this.#enqueue(sender)
    sender.isQueued = true
    this.#aside.add(sender)
  }
}
