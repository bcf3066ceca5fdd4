// The turn budget: how much may succeed synchronously before the event loop gets its turn. One per JS environment.
// Fulfilled promises never leave the microtask queue, so without it a consumer of a full pipe starves timers and sockets.
import { performance } from 'node:perf_hooks'

const TURN_BYTES = 1024 * 1024
const TURN_MS = 2
// At most so many successes that move no bytes go by between two looks at the clock.
const LONGEST_STEP = 64
const SETTLED: Promise<void> = Promise.resolve()

type Settle<T> = (value: T) => void

export class Turn {
  #bytes = 0
  #startedAt = 0
  #spent = false
  #scheduled = false
  // Successes without bytes; at how many the clock is looked at; and at how many `tick` takes the long way, which is earlier
  // while operations are woken, and always when the budget is spent.
  #count = 0
  #clockAt = 1
  #nextLook = 1
  // Operations that waited and settle from the next microtask: pairs as below.
  #woken: unknown[] = []
  // Pairs of a resolve function and its value, flat, in the order of the operations.
  #deferred: unknown[] = []
  readonly #flush = (): void => {
    this.#scheduled = false
    this.renew()
  }
  readonly #wakeUp = (): void => this.wake()

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
    this.#nextLook = 0
    this.#schedule()
    return false
  }

  /**
   * Accounts for a success that moved no bytes; false once the budget is spent. The clock costs more than the success, so the steps between
   * two looks double from one: a budget that steady work overdraws, it overdraws at most twofold.
   */
  tick(): boolean {
    this.#count += 1
    return this.#count < this.#nextLook || this.#look()
  }

  /**
   * Settles an operation that waited, from the next microtask and in order. The one who woke it goes on first, so that a producer and a
   * consumer that take turns find the next item or place ready, where settling at once would make each of them wait for every single one.
   */
  soon<T>(resolve: Settle<T>, value: T): void {
    if (this.#woken.length === 0) {
      this.#nextLook = 0
      void SETTLED.then(this.#wakeUp)
    }
    this.#woken.push(resolve, value)
  }

  /** Settles what `soon` put off: called before whatever must not overtake it. */
  wake(): void {
    const woken = this.#woken
    if (woken.length === 0) return
    this.#woken = []
    this.#nextLook = this.#spent ? 0 : this.#clockAt
    for (let i = 0; i < woken.length; i += 2) {
      if (this.tick()) (woken[i] as Settle<unknown>)(woken[i + 1])
      else this.defer(woken[i] as Settle<unknown>, woken[i + 1])
    }
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
    this.#count = 0
    this.#clockAt = 1
    this.#nextLook = this.#woken.length === 0 ? 1 : 0
    const deferred = this.#deferred
    if (deferred.length === 0) return
    this.#deferred = []
    for (let i = 0; i < deferred.length; i += 2) (deferred[i] as Settle<unknown>)(deferred[i + 1])
  }

  /** Calls back when no microtask is left: a tick runs then if it is a microtask that asks for it. */
  afterMicrotasks(callback: () => void): void {
    void SETTLED.then(() => process.nextTick(callback))
  }

  /** Settles from the next macrotask, in order: for a success that `charge` refused to settle now. */
  defer<T>(resolve: Settle<T>, value: T): void {
    this.#deferred.push(resolve, value)
    this.#schedule()
  }

  #look(): boolean {
    this.wake()
    if (this.#spent) return false
    if (this.#count >= this.#clockAt) {
      if (!this.charge(0)) return false
      this.#clockAt = this.#count + Math.min(this.#count, LONGEST_STEP)
    }
    this.#nextLook = this.#clockAt
    return true
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.#flush)
  }
}

/** The budget of this JS environment. */
export const turn: Turn = new Turn()
