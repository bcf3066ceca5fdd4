// The sending half of a channel as other parts see it; who implements it is no concern of this file.
import type { WaitOptions } from '../wait.ts'

/** Where items are handed over; accepted and fulfilled, or rejected and never delivered. */
export interface Sender<T> {
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

/** A place that is kept free; still good after `close()`, not after `cancel()`. */
export interface SendPermit<T> extends Disposable {
  send(value: T): void
  release(): void
}

/** What happens when there is no room: wait for it, drop what came last, drop what waited longest, or refuse. */
export type Overflow = 'block' | 'drop-newest' | 'drop-oldest' | 'error'

/** Why something that was accepted is not going to be delivered. */
export type DropReason = 'newest' | 'oldest' | 'canceled' | 'cleared' | 'aborted' | 'exhausted' | 'closed'
