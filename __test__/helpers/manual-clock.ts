// Time that passes only when a test says so: timers and `performance.now` of the whole process, so such tests run serially.

import { turns } from './wait-for.ts'

interface Timer {
  readonly run: () => void
  readonly at: number
}

/** What is due by the same time runs in the order it was set. */
export class ManualClock {
  #now = 1000
  readonly #timers = new Set<Timer>()
  readonly #setTimeout = globalThis.setTimeout
  readonly #clearTimeout = globalThis.clearTimeout

  /** Replaces the process's clock until `restore`. */
  static install(): ManualClock {
    const clock = new ManualClock()
    const set = (run: () => void, ms = 0): Timer => clock.#set(run, ms)
    Object.assign(globalThis, { setTimeout: set, clearTimeout: (timer: Timer) => clock.#timers.delete(timer) })
    Object.defineProperty(performance, 'now', { value: () => clock.#now, configurable: true })
    return clock
  }

  get now(): number {
    return this.#now
  }

  /** How many timers are set. */
  get timers(): number {
    return this.#timers.size
  }

  /** Fulfils when so much of this time has gone by; never once it was restored. */
  pause(ms: number): Promise<void> {
    return new Promise(resolve => void this.#set(resolve, ms))
  }

  #set(run: () => void, ms: number): Timer {
    const timer = { run, at: this.#now + Math.max(1, Math.trunc(ms)) }
    this.#timers.add(timer)
    return timer
  }

  /** Lets time go by and runs what becomes due, the event loop in between. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms
    await turns(2)
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= until).sort((one, other) => one.at - other.at)
      if (next === undefined) break
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.run()
      await turns(2)
    }
    this.#now = until
    await turns(2)
  }

  restore(): void {
    Object.assign(globalThis, { setTimeout: this.#setTimeout, clearTimeout: this.#clearTimeout })
    Reflect.deleteProperty(performance, 'now')
  }
}
