// The receiving side of a stream over a channel: one read at a time, which can be given up without losing its item.
import type { ChannelCore } from './channel-core.ts'
import { ChannelIterator } from './channel-iterator.ts'
import { checkedFlag } from './channel-options.ts'
import type { Received } from './receiving.ts'
import { restore } from './restore.ts'

/** What becomes of a channel when a stream of it is given up before its end. */
export interface ReadableOptions {
  /** False by default: the channel is canceled. True: it stays open, and what the stream did not hand out goes back in front. */
  preventCancel?: boolean
}

export class LeavingReads<T> {
  readonly #core: ChannelCore<T>
  readonly #iterator: ChannelIterator<T>
  readonly #preventCancel: boolean
  #hasLeft = false

  constructor(core: ChannelCore<T>, options: ReadableOptions | undefined) {
    this.#preventCancel = checkedFlag('preventCancel', options)
    this.#core = core
    this.#iterator = new ChannelIterator(core)
  }

  /** Undefined if the stream was given up meanwhile. */
  async next(): Promise<Received<T> | undefined> {
    const step = await this.#iterator.next()
    if (!this.#hasLeft) return step
    if (step.done !== true) restore(this.#core, [step.value])
    return undefined
  }

  /** `left` is what the stream has and nobody will get. */
  leave(reason: unknown, left: readonly T[]): void {
    if (this.#hasLeft) return
    this.#hasLeft = true
    restore(this.#core, left)
    void this.#iterator.return()
    if (!this.#preventCancel) this.#core.cancel(reason)
  }
}
