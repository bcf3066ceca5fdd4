// The public shapes of what threads share.
import type { ChannelMetrics, Overflow, Receiver, Sender } from '../channel/index.ts'
import type { Bytes } from '../process/byte-types.ts'

/** Names a shared channel or semaphore to another thread: send it with `postMessage` or as `workerData`. It keeps nothing alive. */
export interface SharedHandle<K extends 'channel' | 'semaphore' = 'channel' | 'semaphore', T = unknown> {
  readonly kind: K
  /** Can't be guessed. */
  readonly id: string
  /** Never there: it only carries the type. */
  readonly _type?: T
}

/** How much a shared channel holds, and what happens when that is too little. */
export interface SharedOptions {
  /** Messages held: 0 is a rendezvous, which holds none; no bound only if `Infinity` is named. */
  capacity: number
  /** Bytes held, beside `capacity`. A message over it is let into an empty channel. */
  maxBytes?: number
  /** Default `'block'`: senders wait. */
  overflow?: Overflow
}

/** How values become bytes: as they are, as text, or by structured clone. */
export type SharedCodec = 'bytes' | 'utf8' | 'structured'

/** One thread's end, for both directions, of a channel between threads. */
export interface SharedChannel<T> extends Sender<T>, Receiver<T>, AsyncDisposable {
  /** For `SharedChannel.from` in another thread. */
  readonly handle: SharedHandle<'channel', T>
  /** Counters and levels at this moment, of all threads together. */
  metrics(): ChannelMetrics
}

/** The constructor of shared channels. */
export interface SharedChannelConstructor {
  new (options: SharedOptions & { codec?: 'bytes' }): SharedChannel<Bytes>
  new (options: SharedOptions & { codec: 'utf8' }): SharedChannel<string>
  new <T>(options: SharedOptions & { codec: 'structured' }): SharedChannel<T>
  /** Joins the channel that a handle names. Throws ERR_CHANNEL_CLOSED when no instance of it is left. */
  from<T>(handle: SharedHandle<'channel', T>): SharedChannel<T>
}
