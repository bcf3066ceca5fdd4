// The public channel: the common cases in place, everything else in the core and the operations.
import type { Readable, Writable } from 'node:stream'
import type { ReadableStream, WritableStream } from 'node:stream/web'
import { capacityOption } from '../bounds.ts'
import { list } from '../observe/index.ts'
import { DONE, settledLater } from '../ready.ts'
import { turn } from '../turn.ts'
import type { WaitOptions } from '../wait.ts'
import { ChannelCore } from './channel-core.ts'
import { ChannelIterator } from './channel-iterator.ts'
import { channelSettings } from './channel-options.ts'
import { measured } from './channel-metrics.ts'
import type { ReadableOptions } from './leaving-reads.ts'
import { receiveMany, receiveReady, receiveSlowly, reserve, sendSlowly } from './operations.ts'
import { nodeReadable, webReadable } from './readable.ts'
import { ReceiverHandle } from './receiver-handle.ts'
import { SenderHandle } from './sender-handle.ts'
import { nodeWritable, webWritable, type WritableOptions } from './writable.ts'
import { tryReceive, trySend } from './tries.ts'
import type {
  ChannelMetrics,
  ChannelOptions,
  ChannelReceiver,
  ChannelSender,
  Receiver,
  ReceiveManyOptions,
  Sender,
  SendPermit,
} from './types.ts'

/**
 * Hands items from any number of producers to any number of consumers, first in, first out, and never holds more than its capacity: who
 * sends into a full channel waits, unless `overflow` says otherwise. Each item goes to one consumer.
 *
 * @example
 * const channel = new Channel<number>(16)
 * void (async () => {
 *   for (let i = 0; i < 1000; i++) await channel.send(i)
 *   channel.close()
 * })()
 * for await (const number of channel) console.log(number)
 */
export class Channel<T> implements Sender<T>, Receiver<T>, AsyncDisposable {
  readonly #core: ChannelCore<T>
  #closed: Promise<void> | undefined

  /** @internal The state of a channel, for the other operations of this folder. */
  static coreOf<V>(channel: Channel<V>): ChannelCore<V> {
    return channel.#core
  }

  /** @internal */
  static is(value: unknown): value is Channel<unknown> {
    return typeof value === 'object' && value !== null && #core in value
  }

  constructor(options: number | ChannelOptions<T>) {
    this.#core = new ChannelCore(channelSettings(options))
    list('channels', this.#core.name, this.#core, measured)
  }

  /**
   * Fulfils when the channel, or with capacity 0 a receiver, has the value. A rejected send is never delivered: RefusedError hands the
   * value back (ERR_CHANNEL_CLOSED, ERR_CHANNEL_FULL, ERR_ITEM_TOO_LARGE), and an abort or a timeout takes it out of the line.
   */
  send(value: T, options?: WaitOptions): Promise<void> {
    if (options === undefined && this.#core.acceptReady(value)) return turn.tick() ? DONE : settledLater(undefined)
    return sendSlowly(this.#core, value, options)
  }

  /** Sends at once or not at all. `'full'` also while others wait: it never overtakes them. */
  trySend(value: T): 'sent' | 'full' | 'closed' | 'dropped' {
    return this.#core.acceptReady(value) ? 'sent' : trySend(this.#core, value)
  }

  /**
   * Keeps `count` places free, for values that don't exist yet. Bytes of a permit's values are counted when they are sent, so with
   * `maxBytes` they can exceed it by as much as was reserved.
   */
  reserve(options?: WaitOptions & { count?: number }): Promise<SendPermit<T>> {
    return reserve(this.#core, options)
  }

  /**
   * No more input. What was accepted, sends that wait, and permits are still good; then receivers are told the end, or with an error get
   * that very one each time. Reservations that wait are refused.
   */
  close(error?: unknown): void {
    this.#core.close(error !== undefined, error)
  }

  /** Nobody receives any more. What is held goes to `onDrop`, senders and permits get ERR_CHANNEL_CLOSED with the reason as cause. */
  cancel(reason?: unknown): void {
    this.#core.cancel(reason)
  }

  /**
   * A sender of its own for each of several producers: the channel closes when the last of those that were made has closed. The channel
   * itself counts for none.
   *
   * @example
   * for (const file of files) void load(file, channel.sender()) // each ends with `sender.close()`
   * for await (const row of channel) await insert(row)
   */
  sender(): ChannelSender<T> {
    return new SenderHandle(this, this.#core)
  }

  /** The same for several consumers: the channel is canceled when the last of those that were made has canceled. */
  receiver(): ChannelReceiver<T> {
    return new ReceiverHandle(this.#core)
  }

  /** Takes the next item, or tells the end. An abort loses no item. Racing this promise with another does: see `select`. */
  receive(options?: WaitOptions): Promise<IteratorResult<T, undefined>> {
    if (options === undefined && this.#core.isReady) return receiveReady(this.#core)
    return receiveSlowly(this.#core, options)
  }

  /** The next item if there is one and nobody waits for it. `undefined`: nothing now. */
  tryReceive(): IteratorResult<T, undefined> | undefined {
    return tryReceive(this.#core)
  }

  /**
   * Takes up to `max` items at once, and an empty array only at the end. Waits for `min` of them, yet never for more than the channel can
   * hold or for longer than `maxDelay` after the first. Until then they stay in the channel, so an abort loses none.
   */
  receiveMany(max: number, options?: ReceiveManyOptions): Promise<T[]> {
    return receiveMany(this.#core, max, options)
  }

  /** The items as a Node stream. Giving it up before the end cancels the channel, unless `preventCancel` is set; then nothing is lost. */
  readable(options?: ReadableOptions): Readable {
    return nodeReadable(this.#core, options)
  }

  /** The same as a web stream. */
  readableStream(options?: ReadableOptions): ReadableStream<T> {
    return webReadable(this.#core, options)
  }

  /** A Node stream into the channel, at its pace: its end closes the channel unless `preventClose` is set, and canceling the channel destroys it. */
  writable(options?: WritableOptions): Writable {
    return nodeWritable(this, this.#core, options)
  }

  /** The same as a web stream. */
  writableStream(options?: WritableOptions): WritableStream<T> {
    return webWritable(this, this.#core, options)
  }

  /** Changes the capacity. A smaller one drops nothing: it only lets nobody in until there is room again. */
  resize(capacity: number): void {
    this.#core.resize(capacityOption(capacity, this.#core.settings.overflow))
  }

  get length(): number {
    return this.#core.length
  }

  get capacity(): number {
    return this.#core.capacity
  }

  /** Items that would be accepted now: none while others wait. */
  get availableCapacity(): number {
    const core = this.#core
    if (!core.isOpen || core.isAwaited) return 0
    return Math.max(0, core.capacity - core.length - core.reserved)
  }

  /** Takes no more input. */
  get isClosed(): boolean {
    return !this.#core.isOpen
  }

  /** Fulfils, with an error too, when the last item has left and no permit is out, or at once with `cancel()`. */
  get closed(): Promise<void> {
    this.#closed ??= new Promise(resolve => this.#core.whenOver(resolve))
    return this.#closed
  }

  /** Counters and levels at this moment. */
  metrics(): ChannelMetrics {
    return measured(this.#core)
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined> {
    return new ChannelIterator(this.#core)
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.cancel()
    return this.closed
  }
}
