// The public shapes of channels: their options, the two halves that other parts see, and their metrics.
import type { WaitOptions } from '../wait.ts'

/** What happens with a value that finds the channel full. */
export type Overflow = 'block' | 'drop-newest' | 'drop-oldest' | 'error'

/** Why an item was dropped. */
export type DropReason = 'newest' | 'oldest' | 'canceled' | 'cleared' | 'aborted' | 'exhausted' | 'closed'

/** How much a channel holds, and what happens when that is too little. */
export interface ChannelOptions<T> {
  /** Items held: 0 is a rendezvous, which holds none; no bound only if `Infinity` is named. */
  capacity: number
  /** Default `'block'`: senders wait. */
  overflow?: Overflow
  /** Told in metrics and messages. */
  name?: string
  /** Bytes held, beside `capacity`. */
  maxBytes?: number
  /** Bytes of a value, asked once; needed with `maxBytes` unless values are strings or bytes. */
  sizeOf?: (value: T) => number
  /** A value over `maxBytes` is admitted into an empty channel (`'alone'`, the default), or rejected. */
  oversize?: 'alone' | 'reject'
  /** Told of each value that was accepted or offered and will never be delivered. */
  onDrop?: (value: T, reason: DropReason) => void
}

/** The sending half of a channel. */
export interface Sender<T> {
  /** Accepted and fulfilled, or rejected and never delivered. */
  send(value: T, options?: WaitOptions): Promise<void>
  /** Never overtakes a waiting send. */
  trySend(value: T): 'sent' | 'full' | 'closed' | 'dropped'
  reserve(options?: WaitOptions & { count?: number }): Promise<SendPermit<T>>
  /** Waiting sends are still delivered; then receivers end, or get this very error each time. */
  close(error?: unknown): void
  readonly availableCapacity: number
  readonly isClosed: boolean
  readonly closed: Promise<void>
}

/** Places that are kept free, one for each `send`; still good after `close()`, not after `cancel()`. */
export interface SendPermit<T> extends Disposable {
  send(value: T): void
  release(): void
}

/** What `receiveMany` waits for. */
export interface ReceiveManyOptions extends WaitOptions {
  /** Items to wait for: 1 by default, and `max` with `maxDelay`. A full channel or an end is not waited beyond. */
  min?: number
  /** In ms from the first item that this call sees: then it gives what is there. */
  maxDelay?: number
}

/** The receiving half of a channel. Leaving `for await` closes and loses nothing. */
export interface Receiver<T> extends AsyncIterable<T> {
  receive(options?: WaitOptions): Promise<IteratorResult<T, undefined>>
  /** `undefined`: nothing now. Done: ended. */
  tryReceive(): IteratorResult<T, undefined> | undefined
  /** An empty array only at the end. */
  receiveMany(max: number, options?: ReceiveManyOptions): Promise<T[]>
  /** Drops what is held through `onDrop`; senders get ERR_CHANNEL_CLOSED. */
  cancel(reason?: unknown): void
}

/** One of several senders of a channel, which are counted: the channel closes with the last of them. */
export interface ChannelSender<T> extends Sender<T>, Disposable {
  /** One more. Throws ERR_CHANNEL_CLOSED once this one has closed. */
  clone(): ChannelSender<T>
  /** This one sends no more. The last one closes the channel; an error closes it for all. Disposal does the same. */
  close(error?: unknown): void
}

/** One of several receivers of a channel, which are counted: the channel is canceled with the last of them. */
export interface ChannelReceiver<T> extends Receiver<T>, Disposable {
  /** One more. Throws ERR_CHANNEL_CLOSED once this one has canceled. */
  clone(): ChannelReceiver<T>
  /** This one receives no more, and its waits end. The last one cancels the channel. Disposal does the same. */
  cancel(reason?: unknown): void
}

/** A channel at one moment, and what went through it so far. */
export interface ChannelMetrics {
  readonly kind: 'channel'
  readonly name: string
  readonly length: number
  readonly capacity: number
  readonly heldBytes: number
  /** The fuller of the two bounds, from 0 to 1. */
  readonly fillRatio: number
  readonly peakLength: number
  /** Items accepted. */
  readonly sent: number
  readonly received: number
  /** Items of which `onDrop` was told. */
  readonly dropped: number
  readonly waitingSenders: number
  readonly waitingReceivers: number
  /** How long sends and reservations waited that wait no more. */
  readonly sendWaitMs: { readonly total: number; readonly max: number }
}
