// Places of a channel that are kept free for one sender.
import { channelClosed, permitUsed } from '../bounds.ts'
import type { ChannelCore } from './channel-core.ts'
import type { SendPermit } from './types.ts'

export class Permit<T> implements SendPermit<T> {
  readonly #core: ChannelCore<T>
  #left: number

  constructor(core: ChannelCore<T>, count: number) {
    this.#core = core
    this.#left = count
  }

  send(value: T): void {
    const core = this.#core
    if (this.#left === 0) throw permitUsed()
    const size = core.measure(value)
    // `sizeOf` may have used or canceled what is needed here.
    if (this.#left === 0) throw permitUsed()
    if (core.isCanceled) throw channelClosed(core.name, value, core.cause)
    this.#left -= 1
    core.fulfil(value, size)
  }

  release(): void {
    const left = this.#left
    this.#left = 0
    if (left > 0) this.#core.giveBack(left)
  }

  [Symbol.dispose](): void {
    this.release()
  }
}
