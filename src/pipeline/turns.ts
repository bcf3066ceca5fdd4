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
  // Those that wait for places which are kept for others.
  #aside: Sender[] = []
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
    this.#comeBack()
  }

  /** What this one could send now. */
  creditOf(sender: Sender): number {
    if (sender.ownCredit !== undefined) return Math.max(0, sender.ownCredit)
    const room = this.#capacity - this.#held
    // Places are kept for those that occupy none, so that one whose outputs are never acknowledged can't keep the others out.
    const others = sender.held === 0 ? this.#idle - 1 : this.#idle
    const open = room - Math.min(others, Math.floor(this.#capacity / 2))
    return Math.max(0, sender.held === 0 ? Math.min(room, Math.max(1, open)) : open)
  }

  /** It has something to send. */
  offer(sender: Sender): void {
    this.#enqueue(sender)
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
    if (sender.held === 0) this.#idle += 1
    this.#comeBack()
  }

  #comeBack(): void {
    const aside = this.#aside
    if (aside.length > 0) {
      this.#aside = []
      for (const sender of aside) this.#enqueue(sender)
    }
    this.#serve()
  }

  #enqueue(sender: Sender): void {
    if (sender.isQueued) return
    sender.isQueued = true
    this.#queue.push(sender)
  }

  // A batch at a time; who has more goes to the end of the queue. A call from within a write only changes what the loop finds.
  #serve(): void {
    if (this.#isServing) return
    this.#isServing = true
    try {
      for (let sender = this.#queue.peek(); sender !== undefined; sender = this.#queue.peek()) {
        const max = sender.hasMore ? Math.min(this.creditOf(sender), this.#maxBatch) : 0
        if (max === 0 && this.#waitsForRoom(sender)) return
        this.#queue.shift()
        sender.isQueued = false
        if (max > 0) sender.send(max)
        if (!sender.hasMore) continue
        if (this.creditOf(sender) > 0) this.#enqueue(sender)
        else if (sender.ownCredit === undefined) this.#aside.push(sender)
      }
    } finally {
      this.#isServing = false
    }
  }

  #waitsForRoom(sender: Sender): boolean {
    return sender.hasMore && sender.ownCredit === undefined && this.#held >= this.#capacity
  }
}
