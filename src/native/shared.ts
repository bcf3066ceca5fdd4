// The shape of the native half of what threads share, and names for the numbers it answers with. Types and constants only.
// A `wait` is the environment's `freeWait`, or 0 to try once.

/** What became of a send or a reservation. */
export const ACCEPTED = 0
export const WAITING = 1
export const FULL = 2
export const CLOSED = 3
export const DROPPED = 4

/** What a receive found, if not a number of messages. */
export const NOTHING = 0
export const ENDED = -1
/** The next message has no room; its length is the first of the lengths. */
export const TOO_LARGE = -2
/** It waits, and fewer than it wants are there. */
export const STIRRED = -3

/** What became of a wait. */
export const UNSETTLED = 0
export const SETTLED = 1

/** Something that waits can be given up in. False: it was served before. */
export interface NativeWaits {
  giveUp(wait: number): boolean
  /** Ends all of this instance's waits, and gives back what it holds. */
  leave(): void
}

export interface NativeChannel extends NativeWaits {
  /** The native object has the first three only as functions that are bound to it. */
  bound(): Pick<NativeChannel, 'send' | 'receive' | 'collect'>
  send(wait: number, bytes: Uint8Array, length: number): number
  /** Takes one message. */
  receive(wait: number, into: Uint8Array, lengths: Uint32Array): number
  /** What a wait of `receive` or `take` was given; the wait is over with the last of it. */
  collect(wait: number, into: Uint8Array, lengths: Uint32Array): number
  reserve(wait: number, count: number): number
  /** Into a place that is kept free; false when there is none any more. */
  fulfil(bytes: Uint8Array, length: number): boolean
  release(count: number): void
  take(wait: number, min: number, max: number, isTimed: boolean, into: Uint8Array, lengths: Uint32Array): number
  /** Gives a wait for more what is there; false when nothing is. */
  hurry(wait: number): boolean
  /** Of a wait of `send`, `reserve` or `watch`; told once. */
  settled(wait: number): number
  close(cause?: Uint8Array): void
  cancel(cause?: Uint8Array): void
  cause(): Uint8Array | null
  hasFailed(): boolean
  isClosed(): boolean
  /** True when it is over; else the wait settles then. */
  watch(wait: number): boolean
  /** Fills in the order of `LEVELS`. */
  measure(into: Float64Array): void
}

/** What `measure` fills, by place. */
export const LEVELS = [
  'length',
  'heldBytes',
  'peakLength',
  'sent',
  'received',
  'dropped',
  'waitingSenders',
  'waitingReceivers',
  'sendWaitMs',
  'longestSendWaitMs',
  'available',
  'capacity',
  'maxBytes',
  'codec',
  'overflow',
] as const

export interface NativeSemaphore extends NativeWaits {
  total(): number
  available(): number
  tryAcquire(permits: number): boolean
  /** True: granted. */
  acquire(wait: number, permits: number): boolean
  /** Of a wait of `acquire`; yes is said once. */
  isGranted(wait: number): boolean
  release(permits: number): void
}

/** The part of the native environment that opens them; `join` finds nothing once nobody holds it. */
export interface NativeShared {
  openChannel(id: string, capacity: number, maxBytes: number, overflow: number, codec: number): NativeChannel
  joinChannel(id: string): NativeChannel | null
  openSemaphore(id: string, permits: number): NativeSemaphore
  joinSemaphore(id: string): NativeSemaphore | null
}
