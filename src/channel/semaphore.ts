// Weighted permits, handed out strictly in the order they were asked for. What they stand for is the user's matter.
import { invalidOption, SluiceError, timeoutError } from '../errors.ts'
import { ready, settleReady } from '../ready.ts'
import { checkWait, Guard, rejected, triesOnce, type WaitOptions } from '../wait.ts'
import { checkedLost, forgetPermit, originOf, watchPermit, type LostPermits } from './lost-permits.ts'
import { Waiting, WaitingList } from '../waiting.ts'

/** What can be said of a semaphore. */
export interface SemaphoreOptions {
  /** Told in messages. */
  name?: string
  /**
   * For permits that are collected as garbage without a release: `'warn'` tells of them, with where they were acquired, and `'reclaim'` gives
   * them back too. Watching costs each permit a stack trace, so by default nobody does.
   */
  lostPermits?: LostPermits
}

/** What was acquired: give it back with `release()`, or by disposal. */
export interface Permit extends Disposable {
  readonly permits: number
  /** Gives all of it back; a second call does nothing. */
  release(): void
}

class Waiter extends Waiting<Waiter> {
  readonly permits: number
  readonly resolve: (permit: Permit) => void
  readonly reject: (error: SluiceError) => void
  guard: Guard | undefined = undefined
  /** Where it was asked for, if that is to be known. */
  readonly origin: Error | undefined
  constructor(
    permits: number,
    origin: Error | undefined,
    resolve: (permit: Permit) => void,
    reject: (error: SluiceError) => void,
  ) {
    super()
    this.permits = permits
    this.origin = origin
    this.resolve = resolve
    this.reject = reject
  }
}

class Grant implements Permit {
  readonly permits: number
  #giveBack: ((permits: number, permit?: Permit) => void) | undefined
  constructor(permits: number, giveBack: (permits: number, permit?: Permit) => void) {
    this.permits = permits
    this.#giveBack = giveBack
  }

  release(): void {
    const giveBack = this.#giveBack
    this.#giveBack = undefined
    giveBack?.(this.permits, this)
  }

  [Symbol.dispose](): void {
    this.release()
  }
}

/**
 * Weighted permits, strictly first in, first out: a large request that waits is never overtaken by a small one, not by `tryAcquire()` either.
 * An abort, a timeout, `close()` or a callback that throws never leaks a permit.
 *
 * @example
 * const connections = new Semaphore(10)
 * await connections.with(() => query('select 1'), { timeout: 1000 })
 */
export class Semaphore {
  readonly #waiters = new WaitingList<Waiter>()
  readonly #name: string
  #total: number
  // May exceed the total after `resize`: the debt is paid by releases.
  #held = 0
  #closed: { readonly reason: unknown } | undefined
  readonly #lostPermits: LostPermits | undefined
  readonly #giveBack = (permits: number, permit?: Permit): void => {
    if (permit !== undefined && this.#lostPermits !== undefined) forgetPermit(permit)
    this.#held -= permits
    if (this.#waiters.length > 0) this.#grant()
  }

  constructor(permits: number, options?: SemaphoreOptions) {
    this.#total = checkedTotal(permits)
    const { name = 'semaphore' } = options ?? {}
    if (typeof name !== 'string') throw invalidOption('name', 'a string', name)
    this.#name = name
    this.#lostPermits = checkedLost(options?.lostPermits)
  }

  /** Permits that nobody holds; never negative. */
  get available(): number {
    return Math.max(0, this.#total - this.#held)
  }

  /** How many wait in `acquire`. */
  get waiting(): number {
    return this.#waiters.length
  }

  /** Waits for its turn and for enough permits. Asking for more than there are in all is ERR_INVALID_OPTION; after `close()` it is ERR_SEMAPHORE_CLOSED. */
  acquire(options?: WaitOptions & { permits?: number }): Promise<Permit> {
    let permits: number
    try {
      checkWait(options)
      permits = this.#asked(options)
      if (this.#closed !== undefined) throw this.#closedError()
    } catch (error) {
      return rejected(error)
    }
    const origin = this.#origin(permits)
    if (this.#hasRoom(permits)) return ready<Permit>(this.#take(permits, origin))
    if (triesOnce(options)) return rejected(timeoutError('acquire', 0))
    return new Promise<Permit>((resolve, reject) => {
      const waiter = new Waiter(permits, origin, resolve, reject)
      this.#waiters.append(waiter)
      waiter.guard = Guard.of(options, 'acquire', error => {
        this.#waiters.remove(waiter)
        reject(error)
        // The one that left may have been what held back smaller ones behind it.
        this.#grant()
      })
    })
  }

  /** Undefined when there are not enough, when somebody waits, and after `close()`. */
  tryAcquire(options?: { permits?: number }): Permit | undefined {
    const permits = this.#asked(options)
    if (this.#closed !== undefined || !this.#hasRoom(permits)) return undefined
    return this.#take(permits, this.#origin(permits))
  }

  /** Runs the callback with permits and gives them back however it ends. */
  async with<R>(fn: () => R | Promise<R>, options?: WaitOptions & { permits?: number }): Promise<R> {
    if (typeof fn !== 'function') throw invalidOption('fn', 'a function', fn)
    const permit = await this.acquire(options)
    try {
      return await fn()
    } finally {
      permit.release()
    }
  }

  /** Changes how many there are in all. Fewer take back nothing that is held; who waits for more than that is rejected with ERR_INVALID_OPTION. */
  resize(permits: number): void {
    this.#total = checkedTotal(permits)
    let waiter = this.#waiters.first
    while (waiter !== undefined) {
      const next: Waiter | undefined = waiter.after
      if (waiter.permits > this.#total) {
        this.#waiters.remove(waiter)
        waiter.guard?.disarm()
        waiter.reject(tooMany(this.#total, waiter.permits))
      }
      waiter = next
    }
    this.#grant()
  }

  /** Rejects all that wait and all that come later; what is held can still be released. `reason` is the errors' cause. */
  close(reason?: unknown): void {
    if (this.#closed !== undefined) return
    this.#closed = { reason }
    for (let waiter = this.#waiters.shift(); waiter !== undefined; waiter = this.#waiters.shift()) {
      waiter.guard?.disarm()
      waiter.reject(this.#closedError())
    }
  }

  #asked(options: { permits?: number } | undefined): number {
    const { permits = 1 } = options ?? {}
    if (!(Number.isSafeInteger(permits) && permits >= 0)) {
      throw invalidOption('permits', 'an integer that is not negative', permits)
    }
    if (permits > this.#total) throw tooMany(this.#total, permits)
    return permits
  }

  #hasRoom(permits: number): boolean {
    if (permits === 0) return true
    return this.#waiters.length === 0 && permits <= this.#total - this.#held
  }

  #take(permits: number, origin: Error | undefined): Permit {
    this.#held += permits
    const grant = new Grant(permits, this.#giveBack)
    if (origin !== undefined) {
      const giveBack = this.#giveBack
      watchPermit(grant, origin, this.#lostPermits === 'reclaim' ? () => giveBack(permits) : undefined)
    }
    return grant
  }

  #origin(permits: number): Error | undefined {
    return this.#lostPermits === undefined ? undefined : originOf(permits, this.#label)
  }

  /** Serves from the front. Taking the permits and settling are one step, so an abort finds either a waiter or nobody. */
  #grant(): void {
    for (let first = this.#waiters.first; first !== undefined; first = this.#waiters.first) {
      if (first.permits > this.#total - this.#held) return
      this.#waiters.remove(first)
      first.guard?.disarm()
      settleReady<Permit>(first.resolve, this.#take(first.permits, first.origin))
    }
  }

  get #label(): string {
    return this.#name === 'semaphore' ? 'semaphore' : `semaphore ${this.#name}`
  }

  #closedError(): SluiceError {
    const reason = this.#closed?.reason
    return new SluiceError(
      'ERR_SEMAPHORE_CLOSED',
      `The ${this.#label} is closed`,
      reason === undefined ? undefined : { cause: reason },
    )
  }
}

function checkedTotal(permits: number): number {
  if (permits !== Infinity && !(Number.isSafeInteger(permits) && permits >= 1)) {
    throw invalidOption('permits', 'a positive integer or Infinity', permits)
  }
  return permits
}

function tooMany(total: number, permits: number): SluiceError {
  return invalidOption('permits', `at most ${total}, which is all there are`, permits)
}
