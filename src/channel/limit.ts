// So many callbacks at once: a slot for each, and a line before the slots.
import { AsyncResource } from 'node:async_hooks'
import { invalidOption, timeoutError } from '../errors.ts'
import { checkWait, Guard, rejected, triesOnce, type WaitOptions } from '../wait.ts'
import { checkedConcurrency } from './concurrency.ts'
import { Waiting, WaitingList } from '../waiting.ts'

/** Calls the callback as soon as fewer than `concurrency` run, first in, first out; fulfils and rejects as it does. */
export interface Limit {
  /** Signal and timeout end the wait for the start; once it runs they have no effect. */
  <R>(fn: () => R | Promise<R>, options?: WaitOptions): Promise<R>
  readonly running: number
  readonly waiting: number
  /** May be changed at any time. Fewer interrupt nobody. */
  concurrency: number
}

const UNTRACKED = { requireManualDestroy: true }

class Call extends Waiting<Call> {
  // Whoever frees the slot, the callback runs in the async context of its own caller.
  readonly #context = new AsyncResource('sluicegate.limit', UNTRACKED)
  readonly fn: () => unknown
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  guard: Guard | undefined = undefined
  constructor(fn: () => unknown, resolve: (value: unknown) => void, reject: (error: unknown) => void) {
    super()
    this.fn = fn
    this.resolve = resolve
    this.reject = reject
  }

  run(): unknown {
    return this.#context.runInAsyncScope(this.fn)
  }
}

class Slots {
  readonly line = new WaitingList<Call>()
  running = 0
  #concurrency: number
  // One pair for all calls that need not wait.
  readonly #fulfilled = <R>(value: R): R => {
    this.#leave()
    return value
  }
  readonly #rejected = (error: unknown): never => {
    this.#leave()
    throw error
  }

  constructor(concurrency: number) {
    this.#concurrency = checkedConcurrency(concurrency)
  }

  get concurrency(): number {
    return this.#concurrency
  }

  set concurrency(concurrency: number) {
    this.#concurrency = checkedConcurrency(concurrency)
    // What is started here may change it.
    while (this.running < this.#concurrency && this.line.length > 0) {
      this.running += 1
      void this.#serve()
    }
  }

  call<R>(fn: () => R | Promise<R>, options: WaitOptions | undefined): Promise<R> {
    if (typeof fn !== 'function') return rejected(invalidOption('fn', 'a function', fn))
    if (options !== undefined) {
      try {
        checkWait(options)
      } catch (error) {
        return rejected(error)
      }
    }
    if (this.running < this.#concurrency) return this.#start(fn)
    if (triesOnce(options)) return rejected(timeoutError('limit', 0))
    return new Promise<R>((resolve, reject) => {
      const next = new Call(fn, resolve as (value: unknown) => void, reject)
      this.line.append(next)
      if (options === undefined) return
      next.guard = Guard.of(options, 'limit', error => {
        this.line.remove(next)
        reject(error)
      })
    })
  }

  #start<R>(fn: () => R | Promise<R>): Promise<R> {
    this.running += 1
    try {
      return Promise.resolve(fn()).then(this.#fulfilled, this.#rejected)
    } catch (error) {
      this.#leave()
      return rejected(error)
    }
  }

  /** A slot becomes free: the next in line has it, before any call that comes later. */
  #leave(): void {
    if (this.line.length > 0 && this.running <= this.#concurrency) void this.#serve()
    else this.running -= 1
  }

  /** Keeps one slot busy until nobody waits, or there are too many slots. */
  async #serve(): Promise<void> {
    while (this.running <= this.#concurrency) {
      const next = this.line.shift()
      if (next === undefined) break
      next.guard?.disarm()
      try {
        next.resolve(await next.run())
      } catch (error) {
        next.reject(error)
      }
    }
    this.running -= 1
  }
}

/**
 * Runs at most so many callbacks at once, first in, first out.
 *
 * @example
 * const four = limit(4)
 * const pages = await Promise.all(urls.map(url => four(() => fetch(url))))
 */
export function limit(concurrency: number): Limit {
  const slots = new Slots(concurrency)
  const call = <R>(fn: () => R | Promise<R>, options?: WaitOptions): Promise<R> => slots.call(fn, options)
  Object.defineProperties(call, {
    running: { get: () => slots.running, enumerable: true },
    waiting: { get: () => slots.line.length, enumerable: true },
    concurrency: {
      get: () => slots.concurrency,
      set: (value: number) => {
        slots.concurrency = value
      },
      enumerable: true,
    },
  })
  return call as Limit
}
