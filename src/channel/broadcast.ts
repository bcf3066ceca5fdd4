// Every value to every subscriber: a channel for each of them, and one line of senders before all. Who gets what of a channel is its own matter.
import { capacityOption, channelClosed } from '../bounds.ts'
import { Deque } from '../deque.ts'
import { invalidOption, timeoutError } from '../errors.ts'
import { DONE, refused, settledLater } from '../ready.ts'
import { turn } from '../turn.ts'
import { checkWait, Guard, triesOnce, type WaitOptions } from '../wait.ts'
import { checkedReplay, type BroadcastOptions } from './broadcast-options.ts'
import { Channel } from './channel.ts'
import type { ChannelCore } from './channel-core.ts'
import { ReceiverHandle } from './receiver-handle.ts'
import { Sending } from './sending.ts'
import type { ChannelReceiver } from './types.ts'
import { Waiting, WaitingList } from '../waiting.ts'

/** What one subscriber receives. Canceling, or disposal, ends the subscription; until then one that does not receive may hold up all. */
export interface BroadcastReceiver<T> extends ChannelReceiver<T> {
  /** Values that were dropped since they came faster than this one took them. They would have come before the next one it takes. */
  readonly missed: number
}

/**
 * Hands every value to every subscriber, each at its own place. With `'block'` the slowest sets the pace: nobody is ever more than
 * `capacity` behind, for senders wait. With `'drop-oldest'` nobody waits, and who is too slow misses values and is told how many.
 * Who comes late gets what is sent from then on, and first the last values that `replay` keeps, if it asks for them.
 *
 * @example
 * const prices = new Broadcast<number>({ capacity: 16, overflow: 'drop-oldest', replay: 1 })
 * using subscriber = prices.subscribe({ replay: 1 })
 * await prices.send(42)
 * for await (const price of subscriber) console.log(price, subscriber.missed)
 */
export class Broadcast<T> implements AsyncDisposable {
  readonly #capacity: number
  readonly #overflow: 'block' | 'drop-oldest'
  readonly #name: string
  readonly #kept: number
  readonly #subscribers = new Set<Subscriber<T>>()
  // Values that wait for room, in order. While there are any, a gate stands before one subscriber that is full.
  readonly #line = new WaitingList<Send<T>>()
  readonly #recent = new Deque<T>()
  #isClosed = false
  #error: unknown
  #isAdvancing = false

  constructor(options: number | BroadcastOptions) {
    const given = typeof options === 'number' ? { capacity: options } : options
    if (given === null || typeof given !== 'object') throw invalidOption('options', 'a capacity or an object', options)
    const { overflow = 'block', name = '', replay = 0 } = given
    if (overflow !== 'block' && overflow !== 'drop-oldest') {
      throw invalidOption('overflow', "'block' or 'drop-oldest'", overflow)
    }
    if (typeof name !== 'string') throw invalidOption('name', 'a string', name)
    this.#capacity = capacityOption(given.capacity, overflow)
    if (this.#capacity === 0) throw invalidOption('capacity', 'above 0', 0)
    this.#overflow = overflow
    this.#name = name
    this.#kept = checkedReplay(replay, this.#capacity)
  }

  /** Fulfils when every subscriber has the value in its line. Without any there is nobody to wait for. */
  send(value: T, options?: WaitOptions): Promise<void> {
    try {
      checkWait(options)
      if (this.#isClosed) throw channelClosed(this.#name, value, this.#error)
      const isNow = turn.tick()
      if (!this.#isAwaited && this.#fullOne === undefined) {
        this.#give(value)
        return isNow ? DONE : settledLater(undefined)
      }
      if (triesOnce(options)) throw timeoutError('send', 0)
      const send = new Send(value)
      this.#line.append(send)
      send.guard = Guard.of(options, 'send', error => {
        this.#line.remove(send)
        send.reject(error)
        this.#advance()
      })
      this.#advance()
      return send.promise
    } catch (error) {
      return refused(error)
    }
  }

  /** Sends at once or not at all. `'full'` also while others wait. */
  trySend(value: T): 'sent' | 'full' | 'closed' {
    if (this.#isClosed) return 'closed'
    if (this.#isAwaited || this.#fullOne !== undefined) return 'full'
    this.#give(value)
    return 'sent'
  }

  /** From now on, and before that the last `replay` values of those that are kept: none by default. */
  subscribe(options?: { replay?: number }): BroadcastReceiver<T> {
    const { replay: asked = 0 } = options ?? {}
    const replay = checkedReplay(asked, this.#kept)
    const subscriber = new Subscriber<T>(this.#capacity, this.#overflow, this.#name)
    for (const value of this.#recent.values(this.#recent.length - Math.min(replay, this.#recent.length))) {
      subscriber.channel.trySend(value)
    }
    if (this.#isClosed && !this.#isAwaited) subscriber.channel.close(this.#error)
    else {
      this.#subscribers.add(subscriber)
      subscriber.core.whenOver(() => {
        this.#subscribers.delete(subscriber)
        this.#advanceSoon()
      })
    }
    return new Subscription(subscriber)
  }

  /** No more values. What waits is still delivered; then subscribers are told the end, or get this very error each time. */
  close(error?: unknown): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#error = error
    this.#advance()
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** How many subscribe. */
  get subscribers(): number {
    return this.#subscribers.size
  }

  /** `close()`: what was accepted is for those who subscribe. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  get #isAwaited(): boolean {
    return this.#line.first !== undefined
  }

  get #fullOne(): Subscriber<T> | undefined {
    if (this.#overflow === 'drop-oldest') return undefined
    for (const subscriber of this.#subscribers) if (subscriber.core.length >= this.#capacity) return subscriber
    return undefined
  }

  #give(value: T): void {
    if (this.#kept > 0) {
      this.#recent.push(value)
      if (this.#recent.length > this.#kept) this.#recent.shift()
    }
    for (const { channel } of this.#subscribers) channel.trySend(value)
  }

  /** Serves the line as far as there is room everywhere, and waits for room where there is none. */
  #advance(): void {
    for (let send = this.#line.first; send !== undefined; send = this.#line.first) {
      const full = this.#fullOne
      if (full !== undefined) return full.watch(() => this.#advanceSoon())
      this.#line.remove(send)
      this.#give(send.value)
      send.accepted()
    }
    if (!this.#isClosed) return
    for (const { channel } of this.#subscribers) channel.close(this.#error)
  }

  /** A channel that makes room is in the middle of a step. */
  #advanceSoon(): void {
    if (this.#isAdvancing) return
    this.#isAdvancing = true
    queueMicrotask(() => {
      this.#isAdvancing = false
      this.#advance()
    })
  }
}

class Send<T> extends Waiting<Send<T>> {
  readonly value: T
  readonly promise: Promise<void>
  guard: Guard | undefined = undefined
  reject!: (error: unknown) => void
  #resolve!: (value: void) => void

  constructor(value: T) {
    super()
    this.value = value
    this.promise = new Promise<void>((resolve, reject) => {
      this.#resolve = resolve
      this.reject = reject
    })
  }

  accepted(): void {
    this.guard?.disarm()
    turn.soon(this.#resolve, undefined)
  }
}

class Subscriber<T> {
  readonly channel: Channel<T>
  readonly core: ChannelCore<T>
  missed = 0
  #gate: Gate<T> | undefined

  constructor(capacity: number, overflow: 'block' | 'drop-oldest', name: string) {
    const onDrop = (_value: T, reason: string): void => {
      if (reason === 'oldest') this.missed += 1
    }
    this.channel = new Channel<T>({ capacity, overflow, name, onDrop })
    this.core = Channel.coreOf(this.channel)
  }

  /** Calls back once when there is room, unless somebody is to be told of that already. */
  watch(callback: () => void): void {
    if (this.#gate?.isQueued === true) return
    this.#gate = new Gate(this.core, callback)
    this.core.senders.append(this.#gate)
  }
}

/** Stands in the line of senders of a full channel, and tells when there is room. */
class Gate<T> extends Sending<T> {
  override readonly value: undefined = undefined
  readonly #open: () => void

  constructor(core: ChannelCore<T>, open: () => void) {
    super(core)
    this.#open = open
  }

  override tryEnter(): boolean {
    if (!this.core.fits(1, 0)) return false
    this.core.dismissSender(this)
    this.#open()
    return true
  }

  /** The subscriber has left, which is told by itself. */
  override fail(): void {}
}

class Subscription<T> extends ReceiverHandle<T> implements BroadcastReceiver<T> {
  readonly #subscriber: Subscriber<T>

  constructor(subscriber: Subscriber<T>) {
    super(subscriber.core)
    this.#subscriber = subscriber
  }

  get missed(): number {
    return this.#subscriber.missed
  }
}
