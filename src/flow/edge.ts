// The account of one edge: what a step has ready for the next one. The values themselves are the step's.
import type { ChannelMetrics } from '../channel/index.ts'
import { stamp } from '../stamp.ts'

export class Edge {
  readonly name: string
  readonly capacity: number
  /** Values that were ready so far. A step that hands one on directly counts only this. */
  total = 0
  /** Of these, the ones that are still here. Over the capacity they are in the hands of callbacks that would go on. */
  held = 0
  peak = 0
  #dropped = 0
  #waitedMs = 0
  #longestMs = 0
  // Of those in a callback's hands, never more than the step's concurrency: when the oldest came, and when the others did.
  #oldest = 0
  readonly #others: number[] = []

  constructor(name: string, capacity: number) {
    this.name = name
    this.capacity = capacity
  }

  enter(): void {
    this.total += 1
    this.held += 1
    if (this.held <= this.capacity) {
      if (this.held > this.peak) this.peak = this.held
    } else if (this.held === this.capacity + 1) this.#oldest = stamp()
    else this.#others.push(stamp())
  }

  leave(): void {
    const isWaiting = this.held > this.capacity
    this.held -= 1
    if (isWaiting) this.#waited(stamp() - this.#oldest)
  }

  /** What is held will not be asked for. */
  discard(): void {
    this.#dropped += this.held
    this.held = 0
  }

  #waited(ms: number): void {
    this.#waitedMs += ms
    if (ms > this.#longestMs) this.#longestMs = ms
    if (this.held > this.capacity) this.#oldest = this.#others.shift() ?? 0
  }

  /** `isPressed`: it is full although it holds nothing. */
  metrics(isAwaited: boolean, isPressed: boolean): ChannelMetrics {
    const { name, capacity, total, held } = this
    const length = Math.min(held, capacity)
    const ratio = length === 0 ? 0 : length / capacity
    return {
      kind: 'channel',
      name,
      length,
      capacity,
      heldBytes: 0,
      fillRatio: isPressed ? 1 : ratio,
      peakLength: this.peak,
      sent: total - (held - length),
      received: total - held - this.#dropped,
      dropped: this.#dropped,
      waitingSenders: held - length,
      waitingReceivers: isAwaited ? 1 : 0,
      sendWaitMs: { total: this.#waitedMs, max: this.#longestMs },
    }
  }
}
