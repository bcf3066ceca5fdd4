// What happened, told to whoever asks for it: each listener has a bounded line of its own, so that a slow one holds up nobody and is told what it missed.
import { HandIterator } from './iterator.ts'
import { Channel } from './channel/index.ts'
import type { WaitOptions } from './wait.ts'

/** So many events were dropped since nobody took them; it comes before the ones that are left. */
export interface Lagged {
  readonly type: 'lagged'
  /** When the last of them was dropped. */
  readonly at: number
  readonly missed: number
}

/** How `events()` listens. */
export interface EventsOptions {
  /** Ends the listening: the next read rejects with an AbortError. */
  signal?: AbortSignal
  /** Events kept for a listener that is slower than they come: 256. */
  capacity?: number
}

const DEFAULT_CAPACITY = 256

/** Events of one source, in order, to any number of listeners. */
export class Feed<E extends object> {
  readonly #listeners = new Set<FeedIterator<E>>()
  #isOver = false

  publish(event: E): void {
    for (const listener of this.#listeners) listener.offer(event)
  }

  /** Nothing more happens. What was published is still given out. */
  end(): void {
    this.#isOver = true
    for (const listener of this.#listeners) listener.end()
    this.#listeners.clear()
  }

  /** Listens from now on. */
  listen(options: EventsOptions = {}): AsyncIterableIterator<E | Lagged, undefined> {
    const listener = new FeedIterator<E>(options, one => this.#listeners.delete(one))
    if (this.#isOver) listener.end()
    else this.#listeners.add(listener)
    return listener
  }
}

class FeedIterator<E extends object> extends HandIterator<E | Lagged> {
  readonly #channel: Channel<E>
  readonly #wait: WaitOptions | undefined
  readonly #leave: (self: FeedIterator<E>) => void
  #missed = 0
  #missedAt = 0

  constructor({ signal, capacity = DEFAULT_CAPACITY }: EventsOptions, leave: (self: FeedIterator<E>) => void) {
    super()
    this.#wait = signal === undefined ? undefined : { signal }
    this.#leave = leave
    this.#channel = new Channel<E>({ capacity, overflow: 'drop-oldest', onDrop: () => this.#miss() })
  }

  offer(event: E): void {
    this.#channel.trySend(event)
  }

  end(): void {
    this.#channel.close()
  }

  override async next(): Promise<IteratorResult<E | Lagged, undefined>> {
    const missed = this.#missed
    if (missed > 0) {
      this.#missed = 0
      return { done: false, value: { type: 'lagged', at: this.#missedAt, missed } }
    }
    try {
      return await this.#channel.receive(this.#wait)
    } catch (error) {
      this.#leave(this)
      throw error
    }
  }

  override async return(): Promise<IteratorResult<E | Lagged, undefined>> {
    this.#leave(this)
    this.#channel.cancel()
    this.#missed = 0
    return { done: true, value: undefined }
  }

  #miss(): void {
    this.#missed += 1
    this.#missedAt = Date.now()
  }
}
