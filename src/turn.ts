// The turn budget: how much may succeed synchronously before the event loop gets its turn. One per JS environment.
// Fulfilled promises never leave the microtask queue, so without it a consumer of a full pipe starves timers and sockets.

const TURN_BYTES = 1024 * 1024
const TURN_MS = 2

type Settle<T> = (value: T) => void

export class Turn {
  #bytes = 0
  #startedAt = 0
  #spent = false
  #scheduled = false
  // Pairs of a resolve function and its value, flat, in the order of the operations.
  #deferred: unknown[] = []
  readonly #flush = (): void => {
    this.#scheduled = false
    this.renew()
  }

  /** The budget is used up: what succeeds now settles from a macrotask. */
  get spent(): boolean {
    return this.#spent
  }

  /** Accounts for one synchronous success; false once the budget is spent. */
  charge(bytes: number): boolean {
    if (this.#spent) return false
    this.#bytes += bytes
    const now = performance.now()
    // The turn starts with its first success: time nobody spent in our callbacks doesn't count.
    if (this.#startedAt === 0) this.#startedAt = now
    if (this.#bytes < TURN_BYTES && now - this.#startedAt < TURN_MS) return true
    this.#spent = true
    this.#schedule()
    return false
  }

  /** A promise for a value that is there already. */
  fulfilled<T>(value: T, bytes: number): Promise<T> {
    if (this.charge(bytes)) return Promise.resolve(value)
    return new Promise<T>(resolve => this.defer(resolve, value))
  }

  /** Settles an operation's promise now, or behind those that wait for the next turn. */
  settle<T>(resolve: Settle<T>, value: T, bytes: number): void {
    if (this.charge(bytes)) resolve(value)
    else this.defer(resolve, value)
  }

  /** A macrotask has begun. What was put off settles first, so that no later success overtakes it. */
  renew(): void {
    this.#bytes = 0
    this.#startedAt = 0
    this.#spent = false
    const deferred = this.#deferred
    if (deferred.length === 0) return
    this.#deferred = []
    for (let i = 0; i < deferred.length; i += 2) (deferred[i] as Settle<unknown>)(deferred[i + 1])
  }

  /** Settles from the next macrotask, in order: for a success that `charge` refused to settle now. */
  defer<T>(resolve: Settle<T>, value: T): void {
    this.#deferred.push(resolve, value)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.#flush)
  }
}

/** The budget of this JS environment. */
export const turn: Turn = new Turn()
