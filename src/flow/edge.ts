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
  #waitedMs = 0
  #longestMs = 0
  // When each of those in a callback's hands came; never more than the step's concurrency.
  readonly #waiting: number[] = []

  constructor(name: string, capacity: number) {
    this.name = name
    this.capacity = capacity
  }

  enter(): void {
    this.total += 1
    this.held += 1
    if (this.held > this.capacity) this.#waiting.push(stamp())
    else if (this.held > this.peak) this.peak = this.held
  }

  leave(): void {
    this.held -= 1
    const since = this.#waiting.shift()
    if (since !== undefined) this.#waited(stamp() - since)
  }

  #waited(ms: number): void {
    this.#waitedMs += ms
    if (ms > this.#longestMs) this.#longestMs = ms
  }

  metrics(isAwaited: boolean): ChannelMetrics {
    const { name, capacity, total, held } = this
    const length = Math.min(held, capacity)
    return {
      kind: 'channel',
      name,
      length,
      capacity,
      heldBytes: 0,
      fillRatio: length === 0 ? 0 : length / capacity,
      peakLength: this.peak,
      sent: total - (held - length),
      received: total - held,
      dropped: 0,
      waitingSenders: held - length,
      waitingReceivers: isAwaited ? 1 : 0,
      sendWaitMs: { total: this.#waitedMs, max: this.#longestMs },
    }
  }
}
