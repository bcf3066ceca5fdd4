// One of several receivers of a channel that are counted: when the last of them cancels, so does the channel.
import { channelClosed } from '../bounds.ts'
import { ready } from '../ready.ts'
import { checkWait, rejected, type WaitOptions } from '../wait.ts'
import type { ChannelCore } from './channel-core.ts'
import { ChannelIterator } from './channel-iterator.ts'
import { forgetHandle, watchHandle } from './lost-handles.ts'
import { receiveMany, receiveReady, receiveSlowly } from './operations.ts'
import { END, type Owner, type Received } from './receiving.ts'
import { tryReceive } from './tries.ts'
import type { ChannelReceiver, ReceiveManyOptions } from './types.ts'

export class ReceiverHandle<T> implements ChannelReceiver<T>, Owner {
  protected readonly core: ChannelCore<T>
  #hasLeft = false

  constructor(core: ChannelCore<T>) {
    this.core = core
    core.receiverHandles += 1
    watchHandle(this, 'receiver', core.name)
  }

  /** @internal */
  get hasLeft(): boolean {
    return this.#hasLeft
  }

  clone(): ChannelReceiver<T> {
    if (this.#hasLeft) throw channelClosed(this.core.name, undefined, undefined)
    return new ReceiverHandle(this.core)
  }

  receive(options?: WaitOptions): Promise<Received<T>> {
    if (this.#hasLeft) return this.#nothing<Received<T>>(options, END)
    const { core } = this
    return options === undefined && core.isReady ? receiveReady(core) : receiveSlowly(core, options, this)
  }

  tryReceive(): Received<T> | undefined {
    return this.#hasLeft ? END : tryReceive(this.core)
  }

  receiveMany(max: number, options?: ReceiveManyOptions): Promise<T[]> {
    return this.#hasLeft ? this.#nothing<T[]>(options, []) : receiveMany(this.core, max, options, this)
  }

  cancel(reason?: unknown): void {
    if (this.#hasLeft) return
    this.#hasLeft = true
    forgetHandle(this)
    const { core } = this
    core.receiverHandles -= 1
    if (core.receiverHandles === 0) core.cancel(reason)
    else this.#endWaits()
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined> {
    return new ChannelIterator(this.core, this)
  }

  [Symbol.dispose](): void {
    this.cancel()
  }

  #endWaits(): void {
    const { receivers } = this.core
    let receiver = receivers.first
    while (receiver !== undefined) {
      const next = receiver.after
      if (receiver.owner === this) {
        receivers.remove(receiver)
        receiver.end()
      }
      receiver = next
    }
    this.core.settle()
  }

  #nothing<R>(options: WaitOptions | undefined, end: R): Promise<R> {
    try {
      checkWait(options)
      return ready(end)
    } catch (error) {
      return rejected(error)
    }
  }
}
