// One of several senders of a channel that are counted: when the last of them closes, so does the channel.
import { channelClosed } from '../bounds.ts'
import { refused } from '../ready.ts'
import type { WaitOptions } from '../wait.ts'
import type { ChannelCore } from './channel-core.ts'
import { forgetHandle, watchHandle } from './lost-handles.ts'
import type { ChannelSender, Sender, SendPermit } from './types.ts'

export class SenderHandle<T> implements ChannelSender<T> {
  readonly #channel: Sender<T>
  readonly #core: ChannelCore<T>
  #hasClosed = false

  constructor(channel: Sender<T>, core: ChannelCore<T>) {
    this.#channel = channel
    this.#core = core
    core.senderHandles += 1
    watchHandle(this, 'sender', core.name)
  }

  clone(): ChannelSender<T> {
    if (this.#hasClosed) throw channelClosed(this.#core.name, undefined, undefined)
    return new SenderHandle(this.#channel, this.#core)
  }

  send(value: T, options?: WaitOptions): Promise<void> {
    return this.#hasClosed ? this.#refuse(value) : this.#channel.send(value, options)
  }

  trySend(value: T): 'sent' | 'full' | 'closed' | 'dropped' {
    return this.#hasClosed ? 'closed' : this.#channel.trySend(value)
  }

  reserve(options?: WaitOptions & { count?: number }): Promise<SendPermit<T>> {
    return this.#hasClosed ? this.#refuse(undefined) : this.#channel.reserve(options)
  }

  close(error?: unknown): void {
    if (this.#hasClosed) return
    this.#hasClosed = true
    forgetHandle(this)
    this.#core.senderHandles -= 1
    if (error !== undefined || this.#core.senderHandles === 0) this.#channel.close(error)
  }

  get availableCapacity(): number {
    return this.#hasClosed ? 0 : this.#channel.availableCapacity
  }

  get isClosed(): boolean {
    return this.#hasClosed || this.#channel.isClosed
  }

  get closed(): Promise<void> {
    return this.#channel.closed
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #refuse(value: T | undefined): Promise<never> {
    return refused(channelClosed(this.#core.name, value, undefined))
  }
}
